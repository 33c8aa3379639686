"""What the project's own ruff says stands in a review, once, and as the project has configured it."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from strop.actions.explain import ExplainRequest, explain
from strop.actions.review import Reviewed, ReviewRequest, review
from tests.actions.written import commit, edit, write

MAIN = """\
import sqlite3
import time

import httpx
from fastapi import FastAPI

app = FastAPI()


@app.get("/export")
async def export() -> str:
    time.sleep(1)
    await other()
    return "done"


async def other() -> None:
    async with httpx.AsyncClient(timeout=5) as client:
        await client.get("https://example.com")


def table(name: str) -> list[str]:
    return list(sqlite3.connect("a.db").execute(f"select * from {name}"))


def later() -> list[int]:
    values = [1]
    for value in values:
        values.append(lambda: value)
    try:
        time.sleep(1)
    except Exception:
        pass
    return values
"""
LINT = '[tool.ruff.lint]\nselect = ["S", "ASYNC", "B", "F", "E"]\nignore = ["B023"]\n'


@pytest.fixture
def linted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project that has ruff configured; the ruff that is installed beside these tests is on PATH."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    return write(tmp_path, {"main.py": MAIN, "pyproject.toml": LINT})


def ask(**options: object) -> Reviewed:
    return review(ReviewRequest(**{"everything": True, **options}))  # type: ignore[arg-type]  # options by name


def heard(done: Reviewed) -> dict[str, tuple[str, int, str]]:
    """What is reported as ruff's: code, then domain, line and symbol."""
    ours = (e.finding for e in done.review.entries if e.finding.fact("from") == "ruff")
    return {f.code: (f.domain, f.span.line, f.span.symbol) for f in ours}


def codes(done: Reviewed) -> set[str]:
    return {e.finding.code for e in done.review.entries}


def test_the_chosen_families_are_told_in_their_own_codes(linted: Path) -> None:
    told = heard(ask())
    assert told["S608"] == ("security", 23, "table")
    assert told["S110"] == ("security", 32, "later")
    assert not set(told) & {"B023", "E501", "F401"}


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ("[tool.ruff]\nline-length = 100\n", set()),
        ('[tool.ruff.lint]\nextend-select = ["B023", "F"]\n', {"B023"}),
        ('[tool.ruff]\nextend = "shared/base.toml"\n', {"S608"}),
    ],
    ids=["nothing", "one code", "in another file"],
)
def test_what_ruff_says_by_default_is_nobodys_choice(linted: Path, settings: str, told: set[str]) -> None:
    write(linted, {"pyproject.toml": settings, "shared/base.toml": '[lint]\nselect = ["S608"]\n'})
    assert set(heard(ask())) == told


def test_what_strop_says_of_the_line_is_told_once(linted: Path) -> None:
    assert "ASY001" in codes(ask())
    assert "ASYNC251" not in codes(ask())
    assert codes(ask(only=("ASYNC251",))) == {"ASYNC251"}


def test_a_project_without_ruff_hears_nothing(linted: Path) -> None:
    (linted / "pyproject.toml").write_text("")
    assert heard(ask()) == {}
    (linted / "ruff.toml").write_text('lint.select = ["S"]\n')
    assert set(heard(ask())) == {"S608", "S110"}


def test_switched_off(linted: Path) -> None:
    edit(linted, "pyproject.toml", "[tool.ruff", "[tool.strop.review]\nruff = false\n[tool.ruff")
    assert heard(ask()) == {}


def test_one_code_is_chosen_and_left_out(linted: Path) -> None:
    assert codes(ask(only=("S608",))) == {"S608"}
    assert "S608" not in codes(ask(ignore=("S608",)))


def test_comments_of_both_kinds_are_heard(linted: Path) -> None:
    edit(linted, "main.py", "    except Exception:", "    except Exception:  # noqa: S110")
    edit(linted, "main.py", '{name}"))', '{name}"))  # strop: ignore[S608] our own names')
    done = ask()
    assert heard(done) == {}
    assert [e.finding.code for e in done.review.suppressed] == ["S608"]
    assert not {c for c in codes(done) if c.startswith("STR")}


def test_an_unchanged_project_says_the_same_again(linted: Path) -> None:
    first, second = ask(), ask()
    assert second.review == first.review
    edit(linted, "pyproject.toml", '"B023"', '"B023", "S608"')
    assert "S608" not in heard(ask())


def test_a_baseline_holds_it_and_is_not_stale_without_ruff(
    linted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(write_baseline=True)
    baseline = linted / ".strop-baseline.json"
    assert ask(baseline=baseline).review.entries == ()
    edit(linted, "pyproject.toml", "[tool.ruff", "[tool.strop.review]\nruff = false\n[tool.ruff")
    assert ask(baseline=baseline).review.entries == ()


def test_a_failing_ruff_is_a_note(linted: Path) -> None:
    edit(linted, "pyproject.toml", '"S", ', '"NOSUCH", ')
    done = ask()
    assert heard(done) == {}
    assert "ASY001" in codes(done)
    assert [note for note in done.review.notes if note.startswith("ruff was not heard: ")]


def test_a_missing_ruff_is_silent(linted: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git = Path(shutil.which("git") or "").parent
    assert not (git / "ruff").exists()
    monkeypatch.setenv("PATH", str(git))
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    done = ask()
    assert (heard(done), done.review.notes) == ({}, ())


def test_the_environments_ruff_is_asked_but_never_one_that_is_committed(linted: Path) -> None:
    fake = linted / ".venv" / "bin" / "ruff"
    write(linted, {".venv/bin/ruff": "#!/bin/sh\necho not today >&2\nexit 3\n"})
    fake.chmod(0o755)
    assert ask().review.notes == ("ruff was not heard: not today",)
    commit(linted)
    assert set(heard(ask())) == {"S608", "S110"}


def test_its_code_is_explained() -> None:
    (page,) = explain(ExplainRequest("S608"))
    assert "docs.astral.sh/ruff" in page.text
