"""A health check in the thread pool is a warning where others work there, and a note where nobody does."""

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
WORK = """

@app.get("/orders")
def list_orders():
    return sqlite3.connect("orders.db").execute("SELECT number FROM orders").fetchall()
"""


@pytest.mark.parametrize(
    ("path", "how", "work", "severity"),
    [
        ("/health", "def", WORK, "warning"),
        ("/internal/readyz", "def", WORK, "warning"),
        ("/health", "async def", WORK, None),
        ("/health", "def", "", "note"),
        ("/colours", "def", WORK, "note"),
    ],
)
def test_probe(tmp_path: Path, path: str, how: str, work: str, severity: str | None) -> None:
    (tmp_path / "main.py").write_text(PROBE.format(path=path, how=how) + work)
    entries = review(ReviewRequest((tmp_path,), only=("ASY004",), cache=False)).review.entries
    assert [e.finding.severity for e in entries] == ([severity] if severity else [])
