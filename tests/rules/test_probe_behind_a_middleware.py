"""A health check gains nothing by `async def` where a middleware asks the database on the loop before it."""

from __future__ import annotations

from pathlib import Path

import pytest

from strop.actions.review import ReviewRequest, review

SERVICE = """\
from fastapi import FastAPI
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

app = FastAPI()
engine = create_engine("postgresql://bakery")


@app.middleware("http")
async def open_session(request, call_next):
    {before}
    return await call_next(request)


@app.get("/health")
def healthcheck():
    return {{"alive": True}}
"""
LIST = """

@app.get("/loaves{number}")
def list_loaves{number}():
    with Session(engine) as session:
        return session.execute(text("SELECT name FROM loaves")).all()
"""
LISTS = "".join(LIST.format(number=number) for number in range(20))
ASKS = 'Session(engine).execute(text("SELECT 1"))'


@pytest.mark.parametrize(("before", "severity"), [(ASKS, "note"), ("request.state.oven = 1", "warning")])
def test_probe(tmp_path: Path, before: str, severity: str) -> None:
    (tmp_path / "Dockerfile").write_text("FROM python:3.12\nHEALTHCHECK CMD curl localhost/health\n")
    (tmp_path / "main.py").write_text(SERVICE.format(before=before) + LISTS)
    entries = review(ReviewRequest((tmp_path,), only=("ASY004",), cache=False)).review.entries
    assert [e.finding.severity for e in entries] == [severity]
