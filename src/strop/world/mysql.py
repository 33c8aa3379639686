"""MySQL and MariaDB servers: a scratch database beside the user's own, with a copy of its schema and rows.

Needs the extra `strop[mysql]`; imported only when the application connects to such a server. There is no command
that copies a database, so it is made anew, statement by statement. The user's is read, nothing else.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from strop.problem import Problem
from strop.world import owner
from strop.world.address import Address

if TYPE_CHECKING:
    import pymysql

    Connection = pymysql.Connection[Any]

EXTRA = "pip install 'strop[mysql]'"
WAIT = 3  # seconds to wait for a lock of the application
SETTINGS = (  # rows come as they are, and nothing that is copied waits for the user
    f"set session innodb_lock_wait_timeout = {WAIT}, session lock_wait_timeout = {WAIT}",
    "set session foreign_key_checks = 0, session unique_checks = 0",
    "set session sql_mode = 'NO_AUTO_VALUE_ON_ZERO'",
    "set session transaction isolation level read committed",
)
Row = tuple[Any, ...]

RUN = f"strop_{secrets.token_hex(5)}"  # a database of this name says whose those are that begin so


def connect(address: Address) -> Connection:
    """A connection in autocommit that gives values as they are written. Raises Problem W316 without PyMySQL, W317
    where no server answers.
    """
    try:
        import pymysql.converters
    except ImportError:
        raise Problem("W316", "the application uses MySQL and PyMySQL is missing", do=EXTRA) from None
    encoders: Any = pymysql.converters.encoders  # and no decoders
    at_socket = address.host.startswith("/")
    try:
        made: Connection = pymysql.connect(
            host=None if at_socket else address.host,
            unix_socket=address.host if at_socket else None,
            port=address.port,
            user=address.user or None,
            password=address.password,
            database=address.database or None,
            charset="utf8mb4",
            autocommit=True,
            connect_timeout=5,
            conv=encoders,
        )
    except pymysql.OperationalError as error:
        message = f"the MySQL server refuses a connection: {error.args[-1]}"
        raise Problem(
            "W317", message, do="start the server that the application names", retry="same"
        ) from None
    for setting in SETTINGS:
        ask(made, setting)
    return made


def ask(database: Connection, statement: str, values: Sequence[object] = ()) -> list[Row]:
    """The rows of a statement, none where it gives none; % is a sign of its own where there are no values."""
    with database.cursor() as cursor:
        cursor.execute(statement, tuple(values) if values else None)
        return list(cursor.fetchall()) if cursor.description else []


def create(server: Address, template: str) -> Address:
    """A new scratch database with schema and rows of `template`, empty where there is none of this name.

    Raises Problem W318 where the user may not make one.
    """
    import pymysql

    name = f"{RUN}_{secrets.token_hex(5)}"
    with connect(server.at("")) as control:
        found = ask(
            control,
            "select default_character_set_name, default_collation_name from information_schema.schemata"
            " where schema_name = %s",
            (template,),
        )
        how = f" character set {found[0][0]} collate {found[0][1]}" if found else ""
        try:
            _say_whose(control)
            ask(control, f"create database {quote(name)}{how}")
        except pymysql.OperationalError as error:
            account = "'@'".join(str(ask(control, "select current_user()")[0][0]).rsplit("@", 1))
            message = f"{server.user} may not make a scratch database on this server: {error.args[-1]}"
            do = f"once, as an administrator of the server: grant all on `strop\\_%`.* to '{account}'"
            raise Problem("W318", message, do=do) from None
        made = server.at(name)
        try:
            if found:
                _copy(control, template, name)
        except BaseException:
            drop(made)
            raise
    return made


def drop(database: Address) -> None:
    """Remove a scratch database, its connections too. Refuses any that strop did not make."""
    name = database.database
    if not name.startswith("strop_"):
        raise ValueError(f"{name} is not a scratch database")
    with connect(database.at("")) as control:
        # a connection that the application left open holds its tables
        for (number,) in ask(control, "select id from information_schema.processlist where db = %s", (name,)):
            _end(control, str(number))
        ask(control, f"drop database if exists {quote(name)}")
        run = name.rpartition("_")[0]
        if run != "strop" and not _beginning(control, f"{run}_"):
            ask(control, f"drop database if exists {quote(run)}")


def drop_left(server: Address) -> None:
    """Remove the scratch databases of commands that were killed; another machine's may be in use."""
    with connect(server.at("")) as control:
        for run in [name for name in _beginning(control, "strop_") if name.count("_") == 1 and name != RUN]:
            if owner.is_gone(_whose(control, run)):
                for name in (*_beginning(control, f"{run}_"), run):
                    ask(control, f"drop database if exists {quote(name)}")


def _beginning(control: Connection, text: str) -> list[str]:
    """Databases whose names begin so."""
    rows = ask(control, "select schema_name from information_schema.schemata order by schema_name")
    return [name for (name,) in rows if name.startswith(text)]


def _say_whose(control: Connection) -> None:
    """Write down who makes scratch databases, as there is no comment on a database."""
    if RUN not in _beginning(control, RUN):
        ask(control, f"create database {quote(RUN)}")
        ask(control, f"create table {quote(RUN)}.owner as select %s as word", (owner.mine(),))


def _whose(control: Connection, run: str) -> str:
    import pymysql

    try:
        return str(ask(control, f"select word from {quote(run)}.owner")[0][0])
    except (pymysql.MySQLError, IndexError):
        return ""


def _end(control: Connection, number: str) -> None:
    import pymysql

    try:
        ask(control, f"kill {number}")
    except pymysql.MySQLError:  # it has gone, or is another user's
        return


def tables(database: Connection, schema: str) -> tuple[str, ...]:
    """Names of the tables that hold rows."""
    rows = ask(
        database,
        "select table_name from information_schema.tables where table_schema = %s"
        " and table_type in ('BASE TABLE', 'SYSTEM VERSIONED') order by table_name",
        (schema,),
    )
    return tuple(name for (name,) in rows)


def columns(database: Connection, schema: str, table: str) -> tuple[tuple[str, str], ...]:
    """Names and types of the columns, without those that the server works out."""
    rows = ask(
        database,
        "select column_name, data_type from information_schema.columns where table_schema = %s and table_name = %s"
        " and coalesce(generation_expression, '') = '' order by ordinal_position",
        (schema, table),
    )
    return tuple((name, kind) for name, kind in rows)


def _copy(control: Connection, template: str, name: str) -> None:
    """Tables, rows, views, routines and triggers, in the order in which they need each other."""
    ask(control, f"use {quote(template)}")  # the server's own statements name no database then
    made = [
        (table, ask(control, f"show create table {quote(table)}")[0][1])
        for table in tables(control, template)
    ]
    beside = _routines(control, template)
    views = [
        v
        for (v,) in ask(
            control, "select table_name from information_schema.views where table_schema = %s", (template,)
        )
    ]
    beside += [ask(control, f"show create view {quote(view)}")[0][1] for view in views]
    triggers = [
        t
        for (t,) in ask(
            control,
            "select trigger_name from information_schema.triggers where trigger_schema = %s order by action_order",
            (template,),
        )
    ]
    last = [ask(control, f"show create trigger {quote(trigger)}")[0][2] for trigger in triggers]
    ask(control, f"use {quote(name)}")
    for table, statement in made:
        ask(control, statement)
        listed = ", ".join(quote(column) for column, _ in columns(control, template, table))
        source = f"{quote(template)}.{quote(table)}"
        ask(control, f"insert into {quote(table)} ({listed}) select {listed} from {source}")
    _make_all(control, beside)
    for statement in last:
        ask(control, statement)


def _routines(control: Connection, template: str) -> list[str]:
    rows = ask(
        control,
        "select routine_type, routine_name from information_schema.routines where routine_schema = %s",
        (template,),
    )
    return [ask(control, f"show create {kind} {quote(name)}")[0][2] for kind, name in rows]


def _make_all(control: Connection, statements: list[str]) -> None:
    """Views may need each other: what fails is tried again as long as another one succeeds."""
    import pymysql

    while statements:
        left = []
        for statement in statements:
            try:
                ask(control, statement)
            except pymysql.MySQLError as error:
                left.append(statement)
                problem = error
        if len(left) == len(statements):
            raise problem
        statements = left


def quote(name: str) -> str:
    """A name as statements hold it."""
    return "`" + name.replace("`", "``") + "`"
