"""What is known of a database or a place for as long as nobody changed it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from strop.world import postgres
from strop.world.address import Address
from strop.world.databases import Originals
from strop.world.postgres_print import LARGEST, UNKNOWN, print_database
from strop.world.scratch import scratch


def known(folder: Path, path: Path) -> str:
    originals = Originals(folder)
    originals.file(path)
    (told,) = originals.known()
    assert told.place == str(path)
    return told.print


def test_a_file_elsewhere_is_told_by_what_is_in_it_and_in_its_log(tmp_path: Path) -> None:
    path = tmp_path / "mine.db"
    prints = [known(tmp_path / "none", path)]
    assert prints == [""]
    database = sqlite3.connect(path, isolation_level=None)
    for number, statement in enumerate(
        (
            "create table a (b)",
            "insert into a values (1)",
            "pragma journal_mode = wal",
            "insert into a values (2)",
        )
    ):
        database.execute(statement)
        prints.append(known(tmp_path / str(number), path))
        assert known(tmp_path / f"{number}-again", path) == prints[-1]
    assert len(set(prints)) == len(prints)
    database.close()


def test_a_server_database_is_told_by_rows_as_they_lie(
    own_server: Address, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("psycopg")
    made = postgres.create(own_server)
    try:
        prints = [print_database(made)]
        for statement in (
            'create table "A b" (id serial, name text)',
            "insert into \"A b\" (name) select 'n' from generate_series(1, 3)",
            'update "A b" set name = name where id = 1',  # the same rows in another order
            "select nextval('\"A b_id_seq\"')",
            'create index on "A b" (name)',
        ):
            with postgres.connect(made) as database:
                database.execute(statement.encode())
            prints.append(print_database(made))
            copy = postgres.create(made, made.database)
            assert print_database(copy) == prints[-1]
            postgres.drop(copy)
        assert len(set(prints)) == len(prints)
        monkeypatch.setattr("strop.world.postgres_print.LARGEST", 1)
        assert print_database(made) == UNKNOWN
        assert LARGEST > 1 << 20
    finally:
        postgres.drop(made)


def test_a_world_lies_where_an_earlier_one_did_unless_somebody_is_there(tmp_path: Path) -> None:
    with scratch() as first:
        name = first.name
        with scratch(name) as other:
            assert other.name != name
        assert first.is_dir()
    with scratch(name) as again:
        assert again == first
    assert not first.exists()
    for odd in ("../strop-1a", "strop-1a/x", "", "mine"):
        with scratch(odd) as made:
            assert made.parent == first.parent
            assert made.name != odd
