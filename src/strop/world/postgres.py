"""PostgreSQL servers: who listens where, and the scratch databases beside the user's own.

Needs the extra `strop[postgres]`; imported only when the application connects to a PostgreSQL server.
"""

from __future__ import annotations

import secrets
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from strop.problem import Problem

if TYPE_CHECKING:
    import psycopg

EXTRA = "pip install 'strop[postgres]'"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a server listens, as whom to connect, and to which database."""

    host: str
    port: int
    user: str
    password: str
    database: str

    def at(self, database: str) -> Address:
        """The same server, another database."""
        return Address(self.host, self.port, self.user, self.password, database)


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


def answers(address: Address) -> bool:
    """Whether a server listens there (whatever it then says of the login)."""
    if address.host.startswith("/"):
        return True
    try:
        socket.create_connection((address.host or "127.0.0.1", address.port), 2).close()
    except OSError:
        return False
    return True


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
    return server.at(name)


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
