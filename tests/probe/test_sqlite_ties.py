"""Ties of SQLite come in reverse where the world is turned around, and every other order stays."""

from __future__ import annotations

import contextlib
import sqlite3

import pytest

from strop.probe.sqlite_ties import connection_class, turn

ROWS = "create table t (a integer primary key, b integer, c text); insert into t values (1, 0, 'x)'), (2, 1, 'y'), (3, 0, 'x)'), (4, 1, 'z')"


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("select a from t", [4, 3, 2, 1]),
        ("select a from t order by b", [3, 1, 4, 2]),
        ("select a from t order by b desc limit 1", [4]),
        ("select a from t order by b, a;", [1, 3, 2, 4]),
        ("select a from t where c = 'x)' order by c -- by (c", [3, 1]),
        ("select x.a from (select a, b from t order by b limit 2) as x order by x.b", [3, 1]),
        ("select b from t group by b order by count(*)", [1, 0]),
        ("select distinct b from t order by b", [0, 1]),
        ("select a from t where a < 3 union select a from t order by 1", [1, 2, 3, 4]),
        ("select sum(a) over (order by b) from t order by b", [4, 4, 10, 10]),
    ],
)
def test_the_order_of_rows(query: str, rows: list[int]) -> None:
    with contextlib.closing(
        sqlite3.connect(":memory:", factory=connection_class(sqlite3.Connection))
    ) as made:
        made.executescript(ROWS)
        made.execute("pragma reverse_unordered_selects = on")
        assert [row[0] for row in made.execute(query)] == rows


@pytest.mark.parametrize(
    "text", ["insert into t select * from u order by a", "update t set a = 'order by'", ""]
)
def test_what_is_no_query_stays(text: str) -> None:
    assert turn(text) == text
