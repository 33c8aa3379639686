"""After an edit little is written, and whatever lies in the cache, a reading is what reading everything gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from strop.project.cache import FOLDER
from strop.project.read import read_project
from strop.project.shipped import kept
from tests.project.example import write
from tests.project.test_again import PROJECT, same

OTHER = """
from fastapi import APIRouter

router = APIRouter()

@router.get("/other")
def other():
    return open("other").read()
"""


@pytest.fixture
def edited(tmp_path: Path) -> Path:
    """A project that was read, edited, and read again."""
    write(tmp_path, PROJECT | {f"app/other_{n}.py": OTHER for n in range(20)})
    same(tmp_path, [])
    change(tmp_path, "app/mail.py", "to, 'x')", "to, 'y')")
    return tmp_path


def change(root: Path, file: str, old: str, new: str) -> None:
    text = (root / file).read_text("utf-8")
    assert old in text
    (root / file).write_text(text.replace(old, new), "utf-8")
    same(root, [f"{file}: {new}"])


def test_an_edit_writes_what_it_changed(edited: Path) -> None:
    whole = (edited / FOLDER / "source").read_bytes()
    before = (edited / FOLDER / "edits").read_bytes()
    assert len(before) < len(whole) / 4
    change(edited, "app/mail.py", "'y'", "'z'")
    assert (edited / FOLDER / "source").read_bytes() == whole
    assert (edited / FOLDER / "edits").read_bytes() != before


def test_many_edits_are_written_as_a_whole(edited: Path) -> None:
    whole = (edited / FOLDER / "source").read_bytes()
    for file in ("app/clock.py", "app/deps.py", *(f"app/other_{n}.py" for n in range(5))):
        (edited / file).write_text(f"{(edited / file).read_text('utf-8')}\n# more\n", "utf-8")
    same(edited, ["three"])
    assert (edited / FOLDER / "source").read_bytes() != whole


@pytest.mark.parametrize("data", [b"", b"\x93\x01", b"\xff" * 64])
def test_broken_edits_are_left_alone(edited: Path, data: bytes) -> None:
    (edited / FOLDER / "edits").write_bytes(data)
    same(edited, ["broken"])
    change(edited, "app/mail.py", "'y'", "'z'")


def test_edits_of_another_reading_are_left_alone(edited: Path) -> None:
    edits = (edited / FOLDER / "edits").read_bytes()
    (edited / FOLDER / "source").unlink()
    change(edited, "app/clock.py", "datetime.datetime.now()", "open('x')")
    (edited / FOLDER / "edits").write_bytes(edits)
    same(edited, ["others"])


def test_a_file_that_goes_and_comes_back(edited: Path) -> None:
    text = (edited / "app/mail.py").read_text("utf-8")
    for _ in range(2):
        (edited / "app/mail.py").unlink()
        same(edited, ["gone"])
        change(edited, "app/deps.py", "make()", "make( )")
        change(edited, "app/deps.py", "make( )", "make()")
        (edited / "app/mail.py").write_text(text, "utf-8")
        same(edited, ["back"])


def test_what_a_module_has_decides_about_roots(tmp_path: Path) -> None:
    files = {
        "app/main.py": "from fastapi import FastAPI\nfrom settings import URL\n\napp = FastAPI(title=URL)\n",
        "app/settings.py": "URL = 'x'\n",
    }
    write(tmp_path, files | {f"app/other_{n}.py": "import os\n" for n in range(9)})
    same(tmp_path, [])
    assert "settings" in read_project(tmp_path).source.modules
    change(tmp_path, "app/settings.py", "URL", "ADDRESS")
    change(tmp_path, "app/settings.py", "ADDRESS", "URL")


def test_what_ships_is_read_when_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"main.py": "import fastapi\n", "requirements.txt": "fastapi==0.110.0\n"})
    first = read_project(tmp_path, cache=True)
    with monkeypatch.context() as patch:
        patch.setattr(kept, "read_now", lambda _: pytest.fail("was read"))
        again = read_project(tmp_path, cache=True)
    assert (again.shipped, again.imported.versions) == (first.shipped, first.imported.versions)
    write(tmp_path, {"requirements.txt": "fastapi==0.111.0\n"})
    assert read_project(tmp_path, cache=True).imported.versions == (("fastapi", "0.111.0"),)
