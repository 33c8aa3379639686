"""Whatever an application writes, `changes` says exactly what a slow comparison says, and `restore` undoes it."""

from __future__ import annotations

import sqlite3
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from strop.cell import RowChange
from strop.world.sqlite import SqliteState

SCHEMA = """
create table item (id integer primary key, name text, note blob);
create table counted (id integer primary key autoincrement, v real);
create table bare (a, b);
create table named (rowid text, b);
create table natural (k text, n integer, v text, primary key (k, n)) without rowid;
create table child (id integer primary key, item integer references item (id), price numeric);
create index item_name on item (name);
create index bare_b on bare (b);
"""
TABLES = {
    "item": ("id", "name", "note"),
    "counted": ("id", "v"),
    "bare": ("a", "b"),
    "named": ("rowid", "b"),
    "natural": ("k", "n", "v"),
    "child": ("id", "item", "price"),
}
# small: stays on a leaf; 3000: overflows a 1024-byte page; 40 000: a chain of overflow pages
SIZES = st.sampled_from([0, 1, 30, 400, 3000, 40_000])
KEYS = st.integers(-5, 60) | st.sampled_from([2**40, -(2**62), 2**63 - 2])
SCALARS = st.sampled_from([None, 0, 1, 1.0, "1", "", "x", b"1", b"", "a\0b", "a\0c", 1e300, -1])

Statement = tuple[str, tuple[object, ...]]


@st.composite
def statements(draw: st.DrawFn) -> Statement:
    key, size, scalar = draw(KEYS), draw(SIZES), draw(SCALARS)
    low = draw(st.integers(-5, 60))
    choices: list[Statement] = [
        ("insert or replace into item values (?, ?, zeroblob(?))", (key, str(scalar), size)),
        ("insert into counted (v) values (?)", (scalar if isinstance(scalar, int | float) else 1.5,)),
        ("insert into bare values (?, ?)", (scalar, "x" * size)),
        ("insert into bare select a, b from bare limit 7", ()),
        ("insert into named values (?, ?)", (str(key % 3), scalar)),
        ("insert or ignore into natural values (?, ?, ?)", (str(key % 7), key, "y" * size)),
        ("insert or ignore into child values (?, ?, ?)", (key, key, scalar)),
        ("update item set note = zeroblob(?) where id between ? and ?", (size, low, low + 20)),
        ("update item set name = ? where id = ?", (str(scalar), key)),
        # the head of the row stays on its leaf, only the last overflow page changes
        ("update bare set b = substr(b, 1, length(b) - 1) || ? where length(b) > 9", (str(scalar),)),
        ("update bare set a = ? where rowid % 5 = 1", (scalar,)),
        ("update named set b = ? where rowid = '1'", (scalar,)),
        ("update natural set v = ? where n > ?", ("z" * size, low)),
        ("update item set id = id + 1000 where id = ?", (key,)),
        ("delete from item where id between ? and ?", (low, low + 25)),
        ("delete from counted where id > ?", (low,)),
        ("delete from bare where rowid % 3 = ?", (key % 3,)),
        ("delete from natural where n < ?", (low,)),
        ("delete from bare", ()),
        ("delete from item", ()),
        ("create table if not exists extra as select * from bare", ()),
        ("drop table if exists child", ()),
        ("alter table counted add column more text default 'd'", ()),
        ("create index if not exists bare_a on bare (a)", ()),
        ("vacuum", ()),
    ]
    return draw(st.sampled_from(choices))


class Application:
    """Two connections that stay open, with caches of their own, as a pool has them."""

    def __init__(self, path: Path, setup: Sequence[str]) -> None:
        self.connections = [sqlite3.connect(path, isolation_level=None, timeout=5) for _ in range(2)]
        for connection in self.connections:
            connection.execute("pragma synchronous = off")
        for pragma in setup:
            self.connections[0].execute(pragma)
        self.connections[0].executescript(SCHEMA)

    def run(self, statements: Sequence[Statement], turn: int) -> None:
        for number, (text, values) in enumerate(statements):
            try:
                self.connections[(turn + number) % 2].execute(text, values).fetchall()
            except sqlite3.IntegrityError:
                pass
            except sqlite3.OperationalError as error:
                # the statement may speak of what an earlier one dropped or made
                if not any(word in str(error) for word in ("no such", "duplicate", "has 3 columns")):
                    raise

    def content(self) -> list[dict[str, Counter[tuple[str, ...]]]]:
        return [content(connection) for connection in self.connections]

    def close(self) -> None:
        for connection in self.connections:
            connection.close()


def content(connection: sqlite3.Connection) -> dict[str, Counter[tuple[str, ...]]]:
    """Every row of every table, read through one of the application's own connections."""
    names = [
        name
        for (name,) in connection.execute(
            "select name from sqlite_master where type = 'table' and name <> 'sqlite_sequence'"
        )
    ]
    found = {name: Counter(map(tuple, _literals(connection, name))) for name in sorted(names)}
    schema = connection.execute("select type, name, tbl_name, sql from sqlite_master").fetchall()
    found["sqlite_master"] = Counter(tuple(repr(value) for value in row) for row in schema)
    return found


def _literals(connection: sqlite3.Connection, table: str) -> list[list[str]]:
    columns = [row[1] for row in connection.execute(f"pragma table_info({table})")]
    rows = connection.execute(f"select {', '.join(columns)} from {table}").fetchall()
    return [[f"{column}={value!r}" for column, value in zip(columns, row, strict=True)] for row in rows]


def counts(changes: Sequence[RowChange]) -> Counter[tuple[str, str]]:
    """How many rows each table gained and lost."""
    found: Counter[tuple[str, str]] = Counter()
    for change in changes:
        found[change.table, change.kind] += int(dict(change.values).get("times", "1"))
    return found


def expected(
    before: dict[str, Counter[tuple[str, ...]]], after: dict[str, Counter[tuple[str, ...]]]
) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for table in {*before, *after}:
        old, new = before.get(table, Counter()), after.get(table, Counter())
        found[table, "added"] += (new - old).total()
        found[table, "removed"] += (old - new).total()
    return +found


REQUESTS = st.lists(st.lists(statements(), min_size=1, max_size=6), min_size=1, max_size=4)


def check(seed: Sequence[Statement], requests: Sequence[Sequence[Statement]], setup: Sequence[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "app.db"
        application = Application(path, setup)
        application.run(seed, 0)
        state = SqliteState(path, Path(folder) / "kept" / "app.db")
        state.keep()
        kept = application.content()
        assert state.changes() == ()
        for number, request in enumerate(requests):
            application.run(request, number)
            after = application.content()
            assert after[0] == after[1]
            assert counts(state.changes()) == expected(kept[0], after[0])
            state.restore()
            assert application.content() == kept
            assert state.changes() == ()
            (sound,) = application.connections[number % 2].execute("pragma integrity_check").fetchone()
            assert sound == "ok"
        application.close()


LAWS = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True, database=None)


@settings(LAWS, max_examples=400)
@given(st.lists(statements(), max_size=25), REQUESTS)
def test_rollback_journal(seed: list[Statement], requests: list[list[Statement]]) -> None:
    check(seed, requests, ["pragma page_size = 1024"])


@settings(LAWS, max_examples=40)
@given(st.lists(statements(), max_size=25), REQUESTS)
def test_automatic_vacuum(seed: list[Statement], requests: list[list[Statement]]) -> None:
    check(seed, requests, ["pragma page_size = 1024", "pragma auto_vacuum = full"])


@settings(LAWS, max_examples=60)
@given(st.lists(statements(), max_size=25), REQUESTS)
def test_write_ahead_log(seed: list[Statement], requests: list[list[Statement]]) -> None:
    check(seed, requests, ["pragma page_size = 512", "pragma journal_mode = wal"])
