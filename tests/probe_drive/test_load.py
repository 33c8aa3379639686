from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.probe_drive.process import Serving, run_probe, write_files

LIFESPAN = """
from contextlib import asynccontextmanager
from fastapi import FastAPI
def connect():
    raise RuntimeError("no database")
@asynccontextmanager
async def lifespan(app):
    connect()
    yield
app = FastAPI(lifespan=lifespan)
"""

CASES: dict[str, tuple[dict[str, str], dict[str, Any], str, str, list[str]]] = {
    "missing module": ({}, {}, "import", "No module named 'app'", []),
    "error at import": (
        {"app.py": "import other\n", "other.py": "def f():\n    1 / 0\nf()\n"},
        {}, "import", "ZeroDivisionError: division by zero", ["app.py:1", "other.py:3", "other.py:2"],
    ),
    "syntax": (
        {"app.py": "import other\n", "other.py": "\nx = (\n"},
        {}, "import", "SyntaxError", ["app.py:1", "other.py:2"],
    ),
    "exit at import": ({"app.py": "raise SystemExit(2)"}, {}, "import", "SystemExit: 2", ["app.py:1"]),
    "no attribute": ({"app.py": ""}, {}, "attribute", "has no attribute 'app'", []),
    "no inner attribute": ({"app.py": "class app: pass"}, {"app": "app:app.api"}, "attribute", "api", []),
    "not callable": ({"app.py": "app = 3"}, {}, "not-asgi", "int", []),
    "a class": ({"app.py": "class app: pass"}, {}, "not-asgi", "type", []),
    "a factory": ({"app.py": "def app(): pass"}, {}, "not-asgi", "is it a factory?", []),
    "broken factory": (
        {"app.py": "def app():\n    raise ValueError('bad')"},
        {"factory": True}, "factory", "ValueError: bad", ["app.py:2"],
    ),
    "lifespan": ({"app.py": LIFESPAN}, {}, "lifespan", "RuntimeError: no database", ["app.py:8", "app.py:5"]),
    "exit in lifespan": (
        {"app.py": LIFESPAN.replace('RuntimeError("no database")', "SystemExit(4)")},
        {}, "lifespan", "SystemExit: 4", ["app.py:8", "app.py:5"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_each_failure_has_a_kind_a_message_and_frames(case: str, tmp_path: Path) -> None:
    files, more, kind, message, frames = CASES[case]
    root = tmp_path / "root"
    root.mkdir()
    write_files(root, files)
    serving = Serving(root, tmp_path, **more)
    failed = serving.tell({"do": "start"})["failed"]
    serving.close()
    assert failed["kind"] == kind
    assert message in failed["message"]
    assert [f"{file}:{line}" for file, line, _ in failed["frames"]] == frames


def test_inspect_writes_the_failure(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    written, _ = run_probe(root, tmp_path, "inspect")
    assert json.loads(written)["failed"]["kind"] == "import"


def test_http_says_that_the_start_failed(tmp_path: Path) -> None:
    root = tmp_path / "root"
    write_files(root, {"app.py": LIFESPAN})
    serving = Serving(root, tmp_path, mode="http")
    failed = serving.read()["failed"]
    assert failed["kind"] == "lifespan"
    serving.close()


def test_a_long_message_is_shortened(tmp_path: Path) -> None:
    root = tmp_path / "root"
    write_files(root, {"app.py": "raise ValueError('x' * 10000)"})
    serving = Serving(root, tmp_path)
    failed = serving.tell({"do": "start"})["failed"]
    serving.close()
    assert 500 < len(failed["message"]) <= 1000


APP = "from fastapi import FastAPI\napp = FastAPI()\n"


def test_code_from_elsewhere_is_refused(tmp_path: Path) -> None:
    """An editable installation leads to the user's own tree."""
    root, user = tmp_path / "root", tmp_path / "user"
    write_files(root, {"app.py": "from library import app"})
    write_files(user, {"app.py": APP, "library.py": APP})
    by_name = Serving(root, tmp_path, sources=["../user"])
    failed = by_name.tell({"do": "start"})["failed"]
    by_name.close()
    assert failed["kind"] == "elsewhere"
    assert str(user / "app.py") in failed["message"]
    beside = Serving(root, tmp_path, sources=[".", "../user"], protect=[str(user)])
    failed = beside.tell({"do": "start"})["failed"]
    beside.close()
    assert failed["kind"] == "elsewhere"
    assert str(user / "library.py") in failed["message"]


def test_sources_factories_and_dotted_attributes_are_found(tmp_path: Path) -> None:
    root = tmp_path / "root"
    code = APP + "class Holder:\n    @staticmethod\n    def make():\n        return app\nholder = Holder()\n"
    write_files(root, {"src/pack/__init__.py": "", "src/pack/main.py": code})
    serving = Serving(root, tmp_path, sources=["src"], app="pack.main:holder.make", factory=True)
    serving.start()
    assert serving.get("/openapi.json")["answer"]["status"] == 200
    serving.close()


def test_an_application_without_lifespan_is_served(tmp_path: Path) -> None:
    root = tmp_path / "root"
    code = """
async def app(scope, receive, send):
    assert scope["type"] == "http"
    await send({"type": "http.response.start", "status": 204})
    await send({"type": "http.response.body"})
"""
    write_files(root, {"app.py": code})
    serving = Serving(root, tmp_path)
    serving.start()
    assert serving.get("/")["answer"]["status"] == 204
    serving.close()
