"""Perturbed states: twins have keys, times and owners of their own, flags turn, optional values go, the first row stays."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest

from strop.measure.perturb_state import POSTGRESQL, states
from strop.project.table import Column, Index, Table
from strop.world import postgres
from strop.world.postgres import Address
from strop.world.postgres_state import PostgresState

SCRIPT = """
create table owners (id integer primary key, email varchar not null unique, active boolean not null);
create table things (id char(32) primary key, name varchar not null, note varchar, made datetime not null,
  owner_id integer not null references owners (id));
create table tags (thing_id char(32) not null, owner_id integer not null, primary key (thing_id, owner_id));
insert into owners values (1, 'ann@a.b', 1), (2, 'bob@a.b', 1), (3, 'cy@a.b', 0);
insert into things values ('0aaa', 'Bolt', 'x', '2026-01-01 10:00:00.000000', 1),
  ('0bbb', 'Nut', 'y', '2026-01-01 10:00:00.000000', 3);
insert into tags values ('0aaa', 1);
"""
TABLES = (
    Table("owners", "", None, (
        Column("id", "INTEGER", primary=True, nullable=False),
        Column("email", "VARCHAR", nullable=False, unique=True),
        Column("active", "BOOLEAN", nullable=False))),
    Table("things", "", None, (
        Column("id", "CHAR(32)", primary=True, nullable=False), Column("name", "VARCHAR", nullable=False),
        Column("note", "VARCHAR"), Column("made", "DATETIME", nullable=False),
        Column("owner_id", "INTEGER", nullable=False, foreign_key="owners.id"))),
    Table("tags", "", None, (
        Column("thing_id", "CHAR(32)", primary=True, foreign_key="things.id"),
        Column("owner_id", "INTEGER", primary=True, foreign_key="owners.id"))),
    Table("not there", "", None, (Column("id", "INTEGER", primary=True),)),
)  # fmt: skip


@pytest.fixture
def database() -> Iterator[sqlite3.Connection]:
    made = sqlite3.connect(":memory:")
    made.executescript(SCRIPT)
    yield made
    made.close()


def lead(database: sqlite3.Connection, name: str) -> None:
    for statement in dict(states(TABLES))[name]:
        if '"not there"' not in statement:
            database.execute(statement)


def test_amounts_vanish_grow_and_shrink_where_no_constraint_forbids_it(database: sqlite3.Connection) -> None:
    database.executescript(
        "create table sold (id integer primary key, owner_id integer, pieces integer, price numeric(8, 2),"
        " rank integer unique, left integer check (left > 0));"
        "insert into sold values (1, 1, 10, 8.5, 1, 4), (2, 1, 10, 8.5, 2, 4), (3, 1, 10, 8.5, 3, 4),"
        " (4, 1, 10, 8.5, 4, 4), (5, 1, 10, 8.5, 5, 4)"
    )
    table = Table("sold", "", None, (
        Column("id", "INTEGER", primary=True), Column("owner_id", "INTEGER", foreign_key="owners.id"),
        Column("pieces", "INTEGER"), Column("price", "NUMERIC(8, 2)"), Column("rank", "INTEGER", unique=True),
        Column("left", "INTEGER")))  # fmt: skip
    for statement in dict(states((table,)))["amounts"]:
        database.execute(statement)
    rows = database.execute("select owner_id, pieces, price, rank, left from sold order by id").fetchall()
    assert rows == [
        (1, 30, 0, 1, 4), (1, 5, 25.5, 2, 4), (1, 1, 4.25, 3, 12), (1, 0, 0.85, 4, 2), (1, 10, 0.17, 5, 4),
    ]  # fmt: skip


def test_twins_and_flags(database: sqlite3.Connection) -> None:
    lead(database, "clones")
    owners = database.execute("select * from owners order by id").fetchall()
    assert owners == [
        (1, "ann@a.b", 1), (2, "bob@a.b", 0), (3, "cy@a.b", 0),
        (4, "cann@a.b", 0), (5, "cbob@a.b", 1), (6, "ccy@a.b", 1),
    ]  # fmt: skip
    things = database.execute("select * from things order by rowid").fetchall()
    assert things[2:] == [
        ("caaa", "Bolt", "x", "2026-01-01 10:00:01.000000", 6),
        ("cbbb", "Nut", "y", "2026-01-01 10:00:02.000000", 2),
    ]
    assert database.execute("select count(*) from tags").fetchone() == (2,)


def test_optional_values_go_and_others_stay(database: sqlite3.Connection) -> None:
    lead(database, "nulls")
    assert database.execute("select name, note from things").fetchall() == [("Bolt", None), ("Nut", "y")]
    assert database.execute("select count(*) from owners where email is null").fetchone() == (0,)


SERVED = """
create table owners (id serial primary key, email varchar not null, active boolean, constraint u unique (email));
create table things (id uuid primary key, name varchar not null, note varchar, made timestamptz not null,
  owner_id integer not null references owners (id));
insert into owners (email, active) values ('ann@a.b', true), ('bob@a.b', true), ('cy@a.b', null);
insert into things values ('0aaa0000-0000-4000-8000-000000000000', 'Bolt', 'x', '2026-01-01 10:00Z', 1),
  ('0bbb0000-0000-4000-8000-000000000000', 'Nut', 'y', '2026-01-01 10:00Z', 3);
"""
ON_SERVER = (
    Table("owners", "", None, (
        Column("id", "INTEGER", primary=True, nullable=False),
        Column("email", "VARCHAR", nullable=False), Column("active", "BOOLEAN")),
        indexes=(Index("u", ("email",), unique=True),)),
    Table("things", "", None, (
        Column("id", "UUID", primary=True, nullable=False), Column("name", "VARCHAR", nullable=False),
        Column("note", "VARCHAR"), Column("made", "DATETIME", nullable=False),
        Column("owner_id", "INTEGER", nullable=False, foreign_key="owners.id"))),
    Table("not there", "", None, (Column("id", "INTEGER", primary=True),)),
)  # fmt: skip


def test_the_same_states_on_postgresql(own_server: Address) -> None:
    state = PostgresState(postgres.create(own_server))
    with postgres.connect(state.address) as database:
        database.execute(SERVED.encode())
        database.execute("set timezone = utc")
        for name, statements in states(ON_SERVER, POSTGRESQL):
            state.execute(statements)
            if name == "clones":
                owners = database.execute("select * from owners order by id").fetchall()
                things = database.execute("select id::text, made::text, owner_id from things").fetchall()[2:]
        order = database.execute("select id::text from things").fetchall()
        notes = database.execute("select name, note from things order by id").fetchall()
    state.close()
    postgres.drop(state.address)
    assert owners == [
        (1, "ann@a.b", True), (2, "bob@a.b", False), (3, "cy@a.b", None),
        (4, "cann@a.b", False), (5, "cbob@a.b", True), (6, "ccy@a.b", None),
    ]  # fmt: skip
    assert things == [
        ("caaa0000-0000-4000-8000-000000000000", "2026-01-01 10:00:01+00", 6),
        ("cbbb0000-0000-4000-8000-000000000000", "2026-01-01 10:00:02+00", 2),
    ]
    assert [lying for (lying,) in order] == sorted(lying for (lying,) in order)
    assert notes == [("Bolt", None), ("Nut", "y"), ("Bolt", "x"), ("Nut", None)]
