"""Outcomes made by hand: one answer, one exchange, some rows."""

from __future__ import annotations

from collections.abc import Sequence

from strop.cell import Answer, Request, RowChange
from strop.evidence import Exchange, Outcome, Query
from strop.measure.suite import Recorded, SuiteRun

JSON = ("content-type", "application/json")


def exchange(cell: str = "c1", queries: int = 0, threads: int = 0) -> Exchange:
    found = tuple(Query("SELECT 1", n, 100, 0, None) for n in range(queries))
    return Exchange(cell, "GET /x", "GET", "/x", 200, 1000, 500, queries=found, threads=threads)


def outcome(
    body: bytes | str = b"{}",
    *,
    cell: str = "c1",
    status: int = 200,
    headers: Sequence[tuple[str, str]] = (JSON,),
    exception: str = "",
    rows: Sequence[RowChange] = (),
    cost: Exchange | None = None,
) -> Outcome:
    data = body.encode() if isinstance(body, str) else body
    answer = Answer(status, tuple(headers), data, exception)
    return Outcome(cell, answer, cost or exchange(cell), tuple(rows))


def row(table: str = "t", kind: str = "added", **values: str) -> RowChange:
    return RowChange(table, kind, tuple(values.items()))


def suite(*recorded: tuple[str, int, str], tests: Sequence[tuple[str, str]] = ()) -> SuiteRun:
    """A run of the tests with their requests: (test, ordinal, body)."""
    found = tuple(
        Recorded(test, ordinal, Request("GET", "/x"), Answer(200, (JSON,), body.encode()), exchange())
        for test, ordinal, body in recorded
    )
    return SuiteRun(found, tuple(tests), 1.0, 0)
