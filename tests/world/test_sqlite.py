"""Databases that are in the way: logs, journals, locks, readers, and files that are not there."""

from __future__ import annotations

import hashlib
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from strop.cell import RowChange
from strop.world.rows import Busy
from strop.world.sqlite import SqliteState, copy


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "user").mkdir()
    return tmp_path / "user" / "app.db"


@pytest.fixture
def app(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path, isolation_level=None, timeout=1)
    connection.execute("create table item (id integer primary key, name text)")
    connection.execute("insert into item values (1, 'one'), (2, 'two')")
    yield connection
    connection.close()


def kept(path: Path) -> SqliteState:
    state = SqliteState(path, path.parent.parent / "kept" / "app.db")
    state.keep()
    return state


def files(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()}


def names(path: Path) -> list[str]:
    with sqlite3.connect(path) as database:
        found = [name for (name,) in database.execute("select name from item order by id")]
    database.close()
    return found


def test_a_change_is_told_with_its_values(path: Path, app: sqlite3.Connection) -> None:
    state = kept(path)
    app.execute("update item set name = 'zwei' where id = 2")
    assert state.changes() == (
        RowChange("item", "added", (("id", "2"), ("name", "'zwei'"))),
        RowChange("item", "removed", (("id", "2"), ("name", "'two'"))),
    )


def test_equal_rows_are_counted(path: Path, app: sqlite3.Connection) -> None:
    app.execute("create table log (text)")
    app.execute("insert into log values ('a'), ('a')")
    state = kept(path)
    app.execute("insert into log values ('a'), ('a'), ('a')")
    assert state.changes() == (RowChange("log", "added", (("text", "'a'"), ("times", "3"))),)


def test_the_same_row_under_another_rowid_is_no_change(path: Path, app: sqlite3.Connection) -> None:
    app.execute("create table log (text)")
    app.execute("insert into log values ('a'), ('b')")
    state = kept(path)
    app.execute("delete from log where text = 'a'")
    app.execute("insert into log values ('a')")
    assert state.changes() == ()


def test_a_rolled_back_request_changed_nothing(path: Path, app: sqlite3.Connection) -> None:
    state = kept(path)
    app.execute("begin immediate")
    app.execute("delete from item")
    app.execute("rollback")
    assert state.changes() == ()


def test_a_table_made_and_dropped_in_a_request_is_told(path: Path, app: sqlite3.Connection) -> None:
    state = kept(path)
    app.execute("drop table item")
    app.execute("create table other (a)")
    app.execute("insert into other values (7)")
    changes = state.changes()
    assert RowChange("other", "added", (("a", "7"),)) in changes
    assert RowChange("item", "removed", (("id", "1"), ("name", "'one'"))) in changes
    assert {(c.kind, dict(c.values)["name"]) for c in changes if c.table == "sqlite_master"} == {
        ("added", "'other'"),
        ("removed", "'item'"),
    }


def test_a_schema_that_comes_back_is_read_anew(path: Path, app: sqlite3.Connection) -> None:
    """The schema's version must not stand for one schema in one connection and another in the next."""
    state = kept(path)
    app.execute("create table first (a)")
    state.restore()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("create table second (a)")
    assert [row[0] for row in app.execute("select name from sqlite_master order by 1")] == ["item", "second"]
    with pytest.raises(sqlite3.OperationalError, match="no such table: first"):
        app.execute("insert into first values (1)")
    other.close()


def test_text_after_a_nul_is_seen(path: Path, app: sqlite3.Connection) -> None:
    app.execute("update item set name = ?", ("a\0b",))
    state = kept(path)
    app.execute("update item set name = ? where id = 1", ("a\0c",))
    assert len(state.changes()) == 2


def test_text_that_is_not_utf8_is_compared(path: Path, app: sqlite3.Connection) -> None:
    app.execute("update item set name = cast(x'ff61' as text)")
    state = kept(path)
    app.execute("update item set name = cast(x'ff62' as text) where id = 1")
    assert len(state.changes()) == 2


def test_a_database_that_begins_empty_is_emptied_again(path: Path) -> None:
    state = kept(path)
    app = sqlite3.connect(path, isolation_level=None)
    app.execute("create table item (a)")
    app.execute("insert into item values (1)")
    assert {change.table for change in state.changes()} == {"item", "sqlite_master"}
    state.restore()
    assert app.execute("select count(*) from sqlite_master").fetchone() == (0,)
    app.close()


def test_a_file_that_the_application_removed_comes_back(path: Path, app: sqlite3.Connection) -> None:
    state = kept(path)
    path.unlink()
    assert [change.kind for change in state.changes() if change.table == "item"] == ["removed"] * 2
    state.restore()
    assert names(path) == ["one", "two"]


def test_a_reader_of_an_older_state_hides_nothing(path: Path, app: sqlite3.Connection) -> None:
    app.execute("pragma journal_mode = wal")
    state = kept(path)
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("begin")
    reader.execute("select * from item").fetchall()
    app.execute("insert into item values (3, 'three')")
    assert [change.values[0] for change in state.changes()] == [("id", "3")]
    reader.close()


@pytest.mark.parametrize("mode", ["delete", "wal"])
def test_a_session_left_open_is_said_not_waited_for(path: Path, app: sqlite3.Connection, mode: str) -> None:
    app.execute(f"pragma journal_mode = {mode}")
    state = kept(path)
    app.execute("insert into item values (3, 'three')")
    app.execute("begin immediate")
    app.execute("insert into item values (4, 'four')")
    with pytest.raises(Busy, match="locked"):
        state.restore()
    app.execute("rollback")
    state.restore()
    assert names(path) == ["one", "two"]


@pytest.mark.parametrize("mode", ["delete", "truncate", "persist", "wal"])
def test_copying_leaves_the_users_folder_alone(path: Path, app: sqlite3.Connection, mode: str) -> None:
    app.execute(f"pragma journal_mode = {mode}")
    app.execute("insert into item values (3, 'three')")
    app.close()
    before = files(path.parent)
    copy(path, path.parent.parent / "copy.db")
    assert files(path.parent) == before
    assert names(path.parent.parent / "copy.db") == ["one", "two", "three"]


def test_a_log_that_nobody_brought_in_is_copied_too(path: Path, app: sqlite3.Connection) -> None:
    app.execute("pragma journal_mode = wal")
    app.execute("insert into item values (3, 'three')")
    crashed = path.parent.parent / "crashed"
    crashed.mkdir()
    for end in ("", "-wal"):
        shutil.copyfile(f"{path}{end}", crashed / f"app.db{end}")
    before = files(crashed)
    copy(crashed / "app.db", path.parent.parent / "copy.db")
    assert names(path.parent.parent / "copy.db") == ["one", "two", "three"]
    assert files(crashed) == before


def test_a_database_in_use_is_copied_as_it_was_committed(path: Path, app: sqlite3.Connection) -> None:
    app.execute("begin immediate")
    app.execute("delete from item")
    copy(path, path.parent.parent / "copy.db")
    assert names(path.parent.parent / "copy.db") == ["one", "two"]


def test_a_hot_journal_is_rolled_back_in_the_copy(path: Path, app: sqlite3.Connection) -> None:
    app.execute("create table big (a)")
    app.execute("pragma cache_size = 5")
    app.execute("begin exclusive")
    app.execute("update item set name = 'lost'")
    for _ in range(60):
        app.execute("insert into big values (zeroblob(4000))")  # spills into the file before the commit
    crashed = path.parent.parent / "crashed"
    crashed.mkdir()
    for end in ("", "-journal"):
        shutil.copyfile(f"{path}{end}", crashed / f"app.db{end}")
    before = files(crashed)
    copy(crashed / "app.db", path.parent.parent / "copy.db")
    assert names(path.parent.parent / "copy.db") == ["one", "two"]
    assert files(crashed) == before


def test_the_tail_of_a_long_row_is_seen(path: Path, app: sqlite3.Connection) -> None:
    """The leaf page stays as it is: only the last page of the row's chain differs."""
    app.execute("update item set name = ? where id = 2", ("x" * 20_000,))
    state = kept(path)
    app.execute("update item set name = ? where id = 2", ("x" * 19_999 + "y",))
    assert [change.kind for change in state.changes()] == ["added", "removed"]
    state.restore()
    assert names(path) == ["one", "x" * 20_000]
