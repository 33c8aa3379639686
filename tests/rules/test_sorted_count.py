"""Counts of what is sorted are a habit where they are many: then they are told once, with all their places."""

from __future__ import annotations

from pathlib import Path

import pytest

from strop.project.read import read_project
from strop.rules.registry import check, noticers

_HEAD = """
from fastapi import Depends, FastAPI
from sqlalchemy import func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()


class Base(DeclarativeBase):
    pass


class Bed(Base):
    __tablename__ = "beds"
    id: Mapped[int] = mapped_column(primary_key=True)


def get_session() -> Session: ...
"""
_ROUTE = """

@app.get("/beds/{number}")
def count_{number}(session: Session = Depends(get_session)):
    query = select(Bed).order_by(Bed.id)
    return session.scalar(select(func.count()).select_from(query.subquery()))
"""


@pytest.mark.parametrize(("counts", "told"), [(3, [0, 0, 0]), (5, [4])])
def test_many_are_told_once(tmp_path: Path, counts: int, told: list[int]) -> None:
    (tmp_path / "main.py").write_text(_HEAD + "".join(_ROUTE.format(number=n) for n in range(counts)))
    found = [f for f in check(read_project(tmp_path, (), (), noticers()), None) if f.code == "DB026"]
    assert [len(f.places) for f in found] == told
    assert sorted({route for f in found for route in f.routes}) == [f"GET /beds/{n}" for n in range(counts)]
