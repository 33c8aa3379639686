"""PostgreSQL servers: who listens where, and the scratch databases beside the user's own.

Needs the extra `strop[postgres]`; imported only when the application connects to a PostgreSQL server.
"""

from __future__ import annotations

import contextlib
import secrets
from typing import TYPE_CHECKING, Any

from strop.problem import Problem
from strop.world import owner
from strop.world.address import Address as Address

if TYPE_CHECKING:
    import psycopg

EXTRA = "pip install 'strop[postgres]'"


def connect(address: Address) -> psycopg.Connection[tuple[Any, ...]]:
    """A connection in autocommit; raises Problem W310 without psycopg."""
    try:
        import psycopg
    except ImportError:
        raise Problem("W310", "the application uses PostgreSQL and psycopg is missing", do=EXTRA) from None
    return psycopg.connect(
        host=address.host,
        port=address.port,
        user=address.user or None,
        password=address.password or None,
        dbname=address.database,
        autocommit=True,
        connect_timeout=5,
    )


def create(server: Address, template: str = "") -> Address:
    """A new scratch database, a copy of `template` or empty. Raises Problem W312 when it can't be copied."""
    import psycopg
    from psycopg import sql

    name = f"strop_{secrets.token_hex(5)}"
    with connect(server.at("postgres")) as control:
        statement = sql.SQL("create database {}").format(sql.Identifier(name))
        if template:
            statement += sql.SQL(" template {}").format(sql.Identifier(template))
        try:
            control.execute(statement)
        except psycopg.errors.ObjectInUse:
            message = f"the database {template} is in use, and PostgreSQL copies only a quiet one"
            raise Problem("W312", message, do="stop the application while strop runs", retry="same") from None
        note = sql.SQL("comment on database {} is {}")
        control.execute(note.format(sql.Identifier(name), sql.Literal(owner.mine())))
    return server.at(name)


def drop_left(server: Address) -> None:
    """Remove the scratch databases of commands that were killed; another machine's may be in use."""
    import psycopg

    listed = "select datname, shobj_description(oid, 'pg_database') from pg_database where datname like 'strop\\_%'"
    with connect(server.at("postgres")) as control:
        found = control.execute(listed).fetchall()
    for name, note in found:
        if owner.is_gone(note or ""):
            with contextlib.suppress(psycopg.Error):  # another role's, or somebody is in it
                drop(server.at(name))


def exists(server: Address, database: str) -> bool:
    """Whether the server has a database of this name."""
    with connect(server.at("postgres")) as control:
        return (
            control.execute("select 1 from pg_database where datname = %s", (database,)).fetchone()
            is not None
        )


def drop(database: Address) -> None:
    """Remove a scratch database, its connections too. Refuses any database that strop did not make."""
    from psycopg import sql

    if not database.database.startswith("strop_"):
        raise ValueError(f"{database.database} is not a scratch database")
    with connect(database.at("postgres")) as control:
        name = sql.Identifier(database.database)
        control.execute(sql.SQL("drop database if exists {} with (force)").format(name))
