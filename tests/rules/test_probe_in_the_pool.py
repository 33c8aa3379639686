"""A health check in the thread pool is a warning where many work there, and a note where few or none do."""

from __future__ import annotations

from pathlib import Path

import pytest

from strop.actions.review import ReviewRequest, review

PROBE = """\
import sqlite3

from fastapi import FastAPI

app = FastAPI()


@app.get("{path}")
{how} healthcheck():
    return {{"alive": True}}
"""
ONE = """

@app.get("/{name}")
def list_{name}():
    return sqlite3.connect("{name}.db").execute("SELECT number FROM {name}").fetchall()
"""
WORK = "".join(ONE.format(name=f"orders{number}") for number in range(20))


@pytest.mark.parametrize(
    ("path", "how", "work", "severity"),
    [
        ("/health", "def", WORK, "warning"),
        ("/internal/readyz", "def", WORK, "warning"),
        ("/health", "async def", WORK, None),
        ("/health", "def", ONE.format(name="orders"), "note"),
        ("/health", "def", "", "note"),
        ("/colours", "def", WORK, "note"),
    ],
)
def test_probe(tmp_path: Path, path: str, how: str, work: str, severity: str | None) -> None:
    (tmp_path / "main.py").write_text(PROBE.format(path=path, how=how) + work)
    entries = review(ReviewRequest((tmp_path,), only=("ASY004",), cache=False)).review.entries
    assert [e.finding.severity for e in entries] == ([severity] if severity else [])
