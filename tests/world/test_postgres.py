"""Databases on a PostgreSQL server: copied beside the user's own, compared, put back row by row, dropped."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from strop.cell import RowChange
from strop.problem import Problem
from strop.world import owner, postgres, postgres_state
from strop.world.databases import Databases, Originals
from strop.world.postgres import Address
from strop.world.postgres_state import PostgresState
from strop.world.rows import Busy

psycopg = pytest.importorskip("psycopg")

SCHEMA = """
create table author (id serial primary key, name text not null);
create table book (
    id integer generated always as identity primary key, title text, price numeric(8, 2),
    author integer not null references author (id), shouted text generated always as (upper(title)) stored
);
create schema "Other Room";
create table "Other Room"."Odd ""Name" (a integer, b text);
insert into author (name) values ('ann'), ('bob');
insert into book (title, price, author) select 'book ' || n, n, 1 + n % 2 from generate_series(1, 9) n;
insert into "Other Room"."Odd ""Name" values (1, E'tab\\tline\\nback\\\\slash'), (2, null);
"""
USER = "users_own"


@pytest.fixture(scope="module")
def user(own_server: Address) -> Iterator[Address]:
    """The user's own database, with a canary row."""
    with postgres.connect(own_server) as control:
        control.execute(f"create database {USER}".encode())
    with postgres.connect(own_server.at(USER)) as database:
        database.execute(SCHEMA.encode())
        database.execute("create table canary (sings text)")
        database.execute("insert into canary values ('still')")
    yield own_server.at(USER)
    with postgres.connect(own_server) as control:
        control.execute(f"drop database if exists {USER} with (force)".encode())


@pytest.fixture
def state(user: Address) -> Iterator[PostgresState]:
    scratch = PostgresState(postgres.create(user, USER))
    scratch.keep()
    yield scratch
    scratch.close()
    postgres.drop(scratch.address)


def query(address: Address, text: str) -> list[tuple[Any, ...]]:
    with postgres.connect(address) as database:
        cursor = database.execute(text.encode())
        return cursor.fetchall() if cursor.description else []


def databases(server: Address) -> set[str]:
    return {name for (name,) in query(server.at("postgres"), "select datname from pg_database")}


def row(table: str, kind: str, **values: str) -> RowChange:
    return RowChange(table, kind, tuple(values.items()))


def test_a_copy_has_everything_and_what_happens_in_it_does_not_reach_the_original(
    user: Address, state: PostgresState
) -> None:
    assert state.address.database.startswith("strop_")
    assert state.sizes() == {"author": 2, "book": 9, "canary": 1, 'Odd ""Name': 2}
    query(state.address, "drop table canary; truncate author cascade")
    assert query(user, "select sings from canary") == [("still",)]
    assert query(user, "select count(*) from book") == [(9,)]


def test_changes_are_told_with_their_values_and_undone(state: PostgresState) -> None:
    assert state.changes() == ()
    query(state.address, "update book set price = 0.50 where id = 2")
    query(state.address, "insert into author (name) values ('cy')")
    query(state.address, 'delete from "Other Room"."Odd ""Name" where a = 2')
    told = state.changes()
    assert row("author", "added", id="3", name="cy") in told
    assert row("book", "added", id="2", title="book 2", price="0.50", author="1") in told
    assert row("book", "removed", id="2", title="book 2", price="2.00", author="1") in told
    assert [c.values for c in told if "Odd" in c.table] == [(("a", "2"), ("b", "\\N"))]
    assert len(told) == 4
    state.restore()
    assert state.changes() == ()
    assert query(state.address, "select id, price from book where id = 2") == [(2, 2)]
    assert query(state.address, 'select b from "Other Room"."Odd ""Name" where a = 1') == [
        ("tab\tline\nback\\slash",)
    ]


def test_a_row_that_is_there_twice_is_counted(state: PostgresState) -> None:
    query(state.address, "insert into canary values ('more'), ('more')")
    assert state.changes() == (RowChange("canary", "added", (("sings", "more"), ("times", "2"))),)


def test_sequences_are_put_back_even_where_no_row_changed(state: PostgresState) -> None:
    for _ in range(40):  # the server logs 32 values ahead and writes nothing for the next
        query(state.address, "insert into author (name) values ('x')")
        assert query(state.address, "select max(id) from author") == [(3,)]
        state.restore()
    query(state.address, "begin; insert into author (name) values ('x'); rollback")
    state.restore()
    assert query(state.address, "insert into book (title, author) values ('b', 1) returning id") == [(10,)]


def test_the_physical_order_after_a_restore_is_that_of_the_kept_state(state: PostgresState) -> None:
    """Ties come in physical order, so a restore that leaves holes would change answers."""
    before = query(state.address, "select id, ctid::text from book")
    query(state.address, "update book set price = price + 1 where id in (1, 4)")
    assert query(state.address, "select id, ctid::text from book") != before
    state.restore()
    assert query(state.address, "select id, ctid::text from book") == before


def test_rows_that_were_added_are_taken_away_and_the_others_stay(state: PostgresState) -> None:
    """Loading a table takes as long as it is large; most requests that write add a row or two."""
    loaded = query(state.address, "select oid, relfilenode from pg_class where relname in ('author', 'book')")
    before = query(state.address, "select id, ctid::text from book")
    for _ in range(3):
        query(state.address, "insert into book (title, author) values ('a', 1), ('b', 2)")
        assert query(state.address, "select id from book offset 9") == [(10,), (11,)]
        state.restore()
    assert query(state.address, "select id, ctid::text from book") == before
    now = query(state.address, "select oid, relfilenode from pg_class where relname in ('author', 'book')")
    assert now == loaded


def test_a_table_is_put_back_alone_though_others_refer_to_it(state: PostgresState) -> None:
    files = "select relname, relfilenode from pg_class where relname in ('author', 'book') order by 1"
    before = query(state.address, files)
    query(state.address, "update author set name = 'ANN' where id = 1")
    state.restore()
    assert query(state.address, "select id, name from author") == [(1, "ann"), (2, "bob")]
    after = query(state.address, files)
    assert (after[0] != before[0], after[1] == before[1]) == (True, True)
    with pytest.raises(psycopg.errors.ForeignKeyViolation):
        query(state.address, "delete from author")


def test_a_transaction_that_ends_late_is_seen(state: PostgresState) -> None:
    """Its rows are older than those of transactions that ended before."""
    with postgres.connect(state.address) as slow:
        slow.autocommit = False
        slow.execute("insert into canary values ('late')")
        query(state.address, "update author set name = 'ANN' where id = 1")
        state.restore()
        assert state.changes() == ()
        slow.commit()
    assert [change.values for change in state.changes()] == [(("sings", "late"),)]
    state.restore()
    assert query(state.address, "select * from canary") == [("still",)]


def test_gaps_are_closed_before_rows_can_fall_into_them(user: Address) -> None:
    """A row that fills a gap comes before others in one copy, and behind them in the next."""
    holed = user.at("with_gaps")
    query(user, "create database with_gaps")
    query(holed, "create table t as select n from generate_series(1, 1000) n")
    query(holed, "delete from t where n < 500")
    query(holed, "vacuum t")
    scratch = PostgresState(postgres.create(holed, "with_gaps"))
    scratch.keep()
    query(scratch.address, "insert into t values (7)")
    assert query(scratch.address, "select n from t")[-1] == (7,)
    scratch.close()
    postgres.drop(scratch.address)
    query(user, "drop database with_gaps")


def test_a_connection_that_the_application_ends_is_made_again(state: PostgresState) -> None:
    query(state.address, "insert into canary values ('more')")
    query(
        user_of(state),
        f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{state.address.database}'",
    )
    assert [change.table for change in state.changes()] == ["canary"]


def user_of(state: PostgresState) -> Address:
    return state.address.at("postgres")


def test_keys_and_triggers_do_not_hinder_a_restore(state: PostgresState) -> None:
    query(
        state.address,
        "create function note() returns trigger language plpgsql as"
        " $$ begin insert into canary values ('fired'); return new; end $$;"
        " create trigger t after insert on book for each row execute function note()",
    )
    state.keep()
    query(state.address, "delete from book; delete from author")
    state.restore()
    assert query(state.address, "select count(*) from book") == [(9,)]
    assert query(state.address, "select * from canary") == [("still",)]


def test_reading_costs_no_comparison(state: PostgresState, monkeypatch: pytest.MonkeyPatch) -> None:
    state.restore()  # what the keeping itself wrote is looked at once
    query(state.address, "select count(*) from book")
    monkeypatch.setattr(postgres_state, "count", lambda *_: pytest.fail("compared"))
    assert state.changes() == ()
    state.restore()


def test_an_open_transaction_is_told_as_busy(state: PostgresState, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres_state, "LOCKED", 100)
    query(state.address, "delete from canary")
    with postgres.connect(state.address) as application:
        application.autocommit = False
        application.execute("select count(*) from canary")
        with pytest.raises(Busy):
            state.restore()
        application.rollback()
    state.restore()
    assert state.changes() == ()


def test_values_of_a_column(state: PostgresState) -> None:
    assert state.busiest("book", "author") == "2"
    assert state.busiest("book", "nothing") == state.busiest("nothing", "id") == ""
    sample = state.sample("book", "id", 4)
    assert len(sample) == 4
    assert {"1"} <= set(sample) <= set(map(str, range(1, 10)))
    assert state.sample("author", "name", 4) == ("ann", "bob")
    assert state.sample("canary", "nothing", 4) == ()
    assert state.latest("author", "name", 1) == ("bob",)
    assert state.row("author", "name", "ann") == {"id": 1, "name": "ann"}
    assert state.row("author", "name", "eve") == state.row("nothing", "name", "ann") == {}


def test_schema_changes_that_fit_another_database_only_are_left_out(state: PostgresState) -> None:
    state.execute(["create index a on nowhere (x)", 'create index "b" on "book" ("title")'])
    indexes = query(state.address, "select indexname from pg_indexes where tablename = 'book'")
    assert ("b",) in indexes


def test_only_what_strop_made_is_dropped(user: Address) -> None:
    with pytest.raises(ValueError, match="not a scratch database"):
        postgres.drop(user)
    assert USER in databases(user)


def test_what_a_killed_command_left_goes_at_the_next_ones_first_look(user: Address, tmp_path: Path) -> None:
    left, kept = postgres.create(user), postgres.create(user)
    parts = owner.mine().split(":")
    ended = ":".join((*parts[:-1], str(int(parts[-1]) - 1)))  # the same number, given again
    with postgres.connect(user) as database:
        database.execute(f"comment on database {left.database} is '{ended}'".encode())
    originals = Originals(tmp_path)
    originals.server(user)
    originals.close()
    assert not postgres.exists(user, left.database)
    assert postgres.exists(user, kept.database)
    postgres.drop(kept)


def test_a_database_in_use_is_said_to_be(user: Address) -> None:
    with postgres.connect(user), pytest.raises(Problem) as caught:
        postgres.create(user, USER)
    assert (caught.value.code, caught.value.retry) == ("W312", "same")


def ask(made: Databases, address: Address, dialect: str = "postgresql") -> dict[str, object]:
    return made.answer(
        {
            "ask": "server", "dialect": dialect, "host": address.host, "port": str(address.port),
            "user": address.user, "password": "", "database": address.database,
        }
    )  # fmt: skip


def of_instance(originals: Originals, folder: Path, name: str) -> Databases:
    return Databases(originals, folder / name, folder / "tree", folder / "home", folder / "tmp")


def test_each_instance_gets_a_database_of_its_own_and_all_are_dropped(user: Address, tmp_path: Path) -> None:
    at_first = databases(user)
    originals = Originals(tmp_path / "originals")
    one, two = (of_instance(originals, tmp_path, name) for name in ("one", "two"))
    first, second = ask(one, user), ask(two, user)
    assert ask(one, user) == first
    names = {str(first["database"]), str(second["database"])}
    assert len(names) == 2
    assert names <= databases(user) - at_first
    one.keep()
    query(user.at(str(first["database"])), "delete from canary")
    assert query(user.at(str(second["database"])), "select * from canary") == [("still",)]
    assert [change.table for change in one.changes()] == ["canary"]
    one.restore()
    assert one.changes() == ()
    for each in (one, two, originals):
        each.close()
    assert databases(user) == at_first
    assert query(user, "select sings from canary") == [("still",)]


def test_a_database_that_does_not_exist_yet_is_an_empty_one(user: Address, tmp_path: Path) -> None:
    originals = Originals(tmp_path / "originals")
    made = of_instance(originals, tmp_path, "one")
    answer = ask(made, user.at("not_yet"))
    tables = "select count(*) from pg_tables where schemaname = 'public'"
    assert query(user.at(str(answer["database"])), tables) == [(0,)]
    made.close()
    originals.close()
    assert "not_yet" not in databases(user)


@pytest.mark.parametrize(
    ("address", "dialect", "code"),
    [
        (Address("db.example.com", 5432, "shop", "hidden", "shop"), "postgresql", "W313"),
        (Address("10.0.0.7", 5432, "shop", "hidden", "shop"), "postgresql", "W313"),
        (Address("127.0.0.1", 1433, "shop", "hidden", "shop"), "mssql", "W314"),
        (Address("127.0.0.1", 1, "shop", "hidden", "shop"), "mysql", "W317"),
    ],
)
def test_what_is_refused(address: Address, dialect: str, code: str, tmp_path: Path) -> None:
    made = of_instance(Originals(tmp_path / "originals"), tmp_path, "one")
    answer = ask(made, address, dialect)
    assert set(answer) == {"refuse"}
    assert "hidden" not in str(answer)
    assert [problem.code for problem in made.refusals] == [code]


def test_where_no_server_answers_strop_runs_its_own(tmp_path: Path, own_server: Address) -> None:
    """The fixture only says that the programs are there."""
    with tempfile.TemporaryDirectory(prefix="strop-test-") as folder:
        originals = Originals(Path(folder) / "originals")
        made = of_instance(originals, Path(folder), "one")
        answer = ask(made, Address("localhost", 1, "shop", "", "shop"))
        assert str(answer["host"]).startswith("/")
        clone = Address(str(answer["host"]), 5432, str(answer["user"]), "", str(answer["database"]))
        assert query(clone, "select 1") == [(1,)]
        made.close()
        originals.close()
        assert not Path(clone.host).exists()


def test_a_transaction_that_is_left_open_is_seen_when_it_writes(state: PostgresState) -> None:
    with postgres.connect(state.address) as application:
        application.autocommit = False
        application.execute("select * from canary")
        assert not state.is_held()
        application.execute("update canary set sings = 'no'")
        assert state.is_held()
        application.rollback()
    assert not state.is_held()
