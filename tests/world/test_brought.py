"""Rows of a side that has other columns than the base."""

from __future__ import annotations

from strop.cell import RowChange
from strop.world.brought import Brought


def row(kind: str, table: str = "books", **values: str) -> RowChange:
    return RowChange(table, kind, tuple(values.items()))


def test_what_the_base_can_not_have_is_left_out_and_told() -> None:
    brought = Brought(("migrations/versions/two.py",), {"books": ("id", "title")})
    seen = (
        row("added", id="1", title="a", note="x", times="2"),
        row("added", id="2", title="b", note="new"),
        row("removed", id="2", title="b", note="old"),
        row("added", "log", text="t"),
    )
    assert brought.compared(seen) == (row("added", id="1", title="a", times="2"),)
    assert brought.told() == ("books.note", "the table log")


def test_without_migrations_rows_are_as_they_are() -> None:
    seen = (row("added", id="1", more="x"),)
    assert Brought((), {}).compared(seen) == seen
