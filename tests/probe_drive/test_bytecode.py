"""Compiled code is shared by the processes of a world, and the user's folders receive none of it."""

from __future__ import annotations

import marshal
from pathlib import Path
from typing import Any

import pytest

from tests.probe_drive.process import Serving, body_of, write_files

APP = {
    "app.py": """
import helper
from fastapi import FastAPI
app = FastAPI()

@app.get("/")
def where():
    return {"file": helper.where.__code__.co_filename, "inner": helper.inner(), "answer": helper.ANSWER}
""",
    "helper.py": """
ANSWER = 1

def where():
    pass

def inner():
    return (lambda: 0).__code__.co_filename
""",
}


def serve(root: Path, folder: Path, store: Path) -> Any:
    folder.mkdir(exist_ok=True)
    serving = Serving(root, folder, bytecode=str(store))
    serving.start()
    said = body_of(serving.get("/", 1))
    serving.close()
    return said


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "bytecode"


def test_trees_share_what_they_have_in_common_and_keep_their_own_places(tmp_path: Path, store: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    write_files(one, APP)
    write_files(two, {**APP, "helper.py": APP["helper.py"].replace("ANSWER = 1", "ANSWER = 2")})
    before = serve(one, tmp_path / "a", store)
    kept = {file.name for file in store.rglob("*")}
    after = serve(two, tmp_path / "b", store)
    assert before == {"file": f"{one}/helper.py", "inner": f"{one}/helper.py", "answer": 1}
    assert after == {"file": f"{two}/helper.py", "inner": f"{two}/helper.py", "answer": 2}
    assert len({file.name for file in store.rglob("*")} - kept) == 1  # of the one file that differs
    assert not [*one.rglob("*.pyc"), *two.rglob("*.pyc")]


def test_code_is_read_from_the_store(tmp_path: Path, store: Path) -> None:
    root = tmp_path / "root"
    write_files(root, APP)
    serve(root, tmp_path / "a", store)
    other = marshal.dumps(compile(APP["helper.py"].replace("ANSWER = 1", "ANSWER = 7"), "elsewhere", "exec"))
    for file in store.rglob("*"):
        if file.is_file() and b"ANSWER" in file.read_bytes() and b"FastAPI" not in file.read_bytes():
            file.write_bytes(other)
    assert serve(root, tmp_path / "b", store)["answer"] == 7


@pytest.mark.parametrize("content", [b"", b"\x00\x01 no code", b"i\x01\x00\x00\x00"])
def test_a_damaged_store_is_no_harm(tmp_path: Path, store: Path, content: bytes) -> None:
    root = tmp_path / "root"
    write_files(root, APP)
    serve(root, tmp_path / "a", store)
    for file in store.rglob("*"):
        if file.is_file():
            file.write_bytes(content)
    assert serve(root, tmp_path / "b", store)["answer"] == 1
