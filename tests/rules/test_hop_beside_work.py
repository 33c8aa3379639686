"""A thread hop for nothing is a warning where many routes do little else, and a note beside questions to a database."""

from __future__ import annotations

from pathlib import Path

import pytest

from strop.actions.review import ReviewRequest, review

BEGIN = """\
import sqlite3

from fastapi import Depends, FastAPI

app = FastAPI()


def page(limit: int = 20) -> int:
    return min(limit, 100)
"""
ROUTE = """

@app.get("/pages/{number}")
async def page_{number}(limit: int = Depends(page)):
    return {answer}
"""
ASKS = 'sqlite3.connect("pages.db").execute("SELECT text FROM pages").fetchmany(limit)'


@pytest.mark.parametrize(
    ("answer", "routes", "severity"),
    [("limit", 20, "warning"), ("limit", 3, "note"), (ASKS, 20, "note")],
)
def test_hop(tmp_path: Path, answer: str, routes: int, severity: str) -> None:
    text = BEGIN + "".join(ROUTE.format(number=number, answer=answer) for number in range(routes))
    (tmp_path / "main.py").write_text(text)
    entries = review(ReviewRequest((tmp_path,), only=("ASY004",), cache=False)).review.entries
    assert [e.finding.severity for e in entries] == [severity]
