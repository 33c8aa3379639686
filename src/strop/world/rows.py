"""Rows that two states of a table don't share, counted, so that a doubled row is seen."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from strop.cell import RowChange


class Busy(Exception):
    """A connection of the application holds a lock, so its database can't be read or put back."""


def row_changes(
    table: str, columns: tuple[str, ...], now: Counter[tuple[str, ...]], kept: Counter[tuple[str, ...]]
) -> Iterator[RowChange]:
    """One change for each row that is there more often on one side; "times" says how much, when not once."""
    for kind, rows in (("added", now - kept), ("removed", kept - now)):
        for row, times in rows.items():
            values = tuple(zip(columns, row, strict=False))
            yield RowChange(table, kind, values if times == 1 else (*values, ("times", str(times))))
