"""Does a database on a PostgreSQL server hold what it held before? A print of all of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from strop.world.address import Address
from strop.world.postgres import connect
from strop.world.postgres_rows import TABLES

if TYPE_CHECKING:
    import psycopg

UNKNOWN = "?"
LARGEST = 1 << 30  # bytes of a database whose rows are read
SHAPE = (
    "select table_schema, table_name, column_name, data_type, column_default, is_nullable"
    " from information_schema.columns where table_schema not in ('pg_catalog', 'information_schema') order by 1, 2, 3",
    "select indexdef from pg_indexes where schemaname not in ('pg_catalog', 'information_schema') order by 1",
    "select schemaname, sequencename, last_value from pg_sequences order by 1, 2",
)


def print_database(address: Address) -> str:
    """A print of its columns, indexes, sequences, and rows as they lie; UNKNOWN where it is too large, or its owner does
    not let us read all of it.
    """
    import psycopg

    found = hashlib.blake2b(digest_size=16)
    try:
        with connect(address) as database:
            size = database.execute("select pg_database_size(current_database())").fetchone()
            if size is None or size[0] > LARGEST:
                return UNKNOWN
            for part in _content(database):
                found.update(part)
    except psycopg.Error:
        return UNKNOWN
    return found.hexdigest()


def _content(database: psycopg.Connection[tuple[Any, ...]]) -> Iterator[bytes]:
    for statement in SHAPE:
        yield repr(database.execute(statement.encode()).fetchall()).encode()
    for name, _ in database.execute(TABLES.encode()).fetchall():
        yield name.encode()
        with database.cursor().copy(f"copy {name} to stdout".encode()) as copy:
            yield from map(bytes, copy)
