"""Rows of one person that Python drops by one value: a note for a name, a warning for a state; the advice keeps NULLs."""

from __future__ import annotations

from pathlib import Path

import pytest

from strop.actions.review import ReviewRequest, review

SHELVES = """\
from fastapi import Depends, FastAPI
from sqlalchemy import create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

app = FastAPI()
engine = create_engine("sqlite:///shelves.db")


class Base(DeclarativeBase):
    pass


class Shelf(Base):
    __tablename__ = "shelves"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[int]
    name: Mapped[str | None]
    state: Mapped[str]


def get_session():
    with Session(engine) as session:
        yield session


@app.get("/shelves/{owner_id}")
def list_shelves(owner_id: int, session: Session = Depends(get_session)):
    shelves = session.scalars(select(Shelf).where(Shelf.owner_id == owner_id)).all()
    return [shelf.id for shelf in shelves if CONDITION]
"""


@pytest.mark.parametrize(
    ("condition", "severity", "advice"),
    [
        ('shelf.name != "attic"', "note", "where(Shelf.name.is_distinct_from(...))"),
        ('shelf.name == "attic"', "warning", "where(Shelf.name ...)"),
        ('shelf.state != "sold"', "warning", "where(Shelf.state ...)"),
    ],
)
def test_one_value(tmp_path: Path, condition: str, severity: str, advice: str) -> None:
    (tmp_path / "main.py").write_text(SHELVES.replace("CONDITION", condition))
    entries = review(ReviewRequest((tmp_path,), only=("DB017",), cache=False)).review.entries
    assert [e.finding.severity for e in entries] == [severity]
    assert advice in entries[0].finding.solution
