"""PostgreSQL databases in a world: a scratch database beside the user's, or a server of our own.

Needs the extra `strop[postgres]`; imported only when the application connects to a PostgreSQL server.
"""

from __future__ import annotations

import contextlib
import secrets
import socket
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from strop.cell import RowChange
from strop.problem import Problem
from strop.world import owner
from strop.world.rows import Busy, row_changes

if TYPE_CHECKING:
    import psycopg

LOCKED = 3000  # ms to wait for a lock of the application
EXTRA = "pip install 'strop[postgres]'"
INDEX_ORDER = ("enable_indexscan", "enable_indexonlyscan")  # a bitmap scan gives rows as they lie


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


@contextlib.contextmanager
def _waiting() -> Iterator[None]:
    import psycopg

    try:
        yield
    except psycopg.errors.LockNotAvailable as error:
        raise Busy(f"the application still holds a lock: {error}") from None


@dataclass
class PostgresState:
    """A scratch database that the application uses, and the state that it is put back to."""

    address: Address
    _kept: dict[str, bytes] = field(default_factory=dict)
    _columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _sequences: list[tuple[str, int, bool]] = field(default_factory=list)
    _mark: int = 0
    _turned: dict[str, bytes] | None = None  # what lies in the tables since they were turned around

    def keep(self) -> None:
        """Remember the present state as the one to restore."""
        self._read_all()
        if self._turned is not None:  # what the application's start added lies behind
            turned = {name: turn_added(self._turned.get(name, b""), d) for name, d in self._kept.items()}
            self._write_turned(turned)

    def turn(self) -> None:
        """Let the rows lie in reverse order from now on, and no index decide in which order they are read."""
        from psycopg import sql

        with connect(self.address) as database:
            for setting in INDEX_ORDER:
                statement = sql.SQL("alter database {} set {} = off")
                names = sql.Identifier(self.address.database), sql.Identifier(setting)
                database.execute(statement.format(*names))
        self._read_all()
        self._write_turned({name: backwards(data) for name, data in self._kept.items()})
        self._turned = self._kept

    def _read_all(self) -> None:
        with connect(self.address) as database:
            rows = database.execute(
                # tables that hold rows themselves: of a partitioned one, the parts
                "select format('%I.%I', n.nspname, c.relname), n.nspname, c.relname from pg_class c"
                " join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r'"
                " and n.nspname not in ('pg_catalog', 'information_schema') order by 1"
            ).fetchall()
            self._columns = {name: _columns(database, schema, table) for name, schema, table in rows}
            self._kept = {name: _read(database, name) for name in self._columns}
            self._sequences = _sequences(database)
            # nextval() logs ahead and then takes no transaction id for a while; setval() ends that
            _set(database, self._sequences)
            self._mark = _mark(database)

    def changes(self) -> tuple[RowChange, ...]:
        """The rows that differ from the kept state, sorted; empty when no transaction wrote."""
        with connect(self.address) as database:
            if _mark(database) == self._mark:
                return ()
            found: list[RowChange] = []
            for name in self._columns:
                found += _differences(name, self._columns[name], self._kept[name], _read(database, name))
        return tuple(sorted(found))

    def restore(self) -> None:
        """Put rows and sequences back; TRUNCATE and COPY, so that physical order follows from the state.

        Raises Busy when a connection of the application still holds a lock.
        """
        with _waiting(), connect(self.address) as database:
            if _mark(database) == self._mark:
                return
            with database.transaction():
                database.execute(f"set local lock_timeout = {LOCKED}")
                changed = [n for n in self._columns if _read(database, n) != self._kept[n]]
                if changed:
                    self._load(database, self._kept)
                _set(database, self._sequences)
            self._mark = _mark(database)

    def _write_turned(self, rows: dict[str, bytes]) -> None:
        """Load these rows, which are those of the kept state in another order; as they lie where a lock is held."""
        import psycopg

        if rows == self._kept:
            return
        with connect(self.address) as database:
            with contextlib.suppress(psycopg.errors.LockNotAvailable), database.transaction():
                self._load(database, rows)
                self._kept = rows
            _set(database, self._sequences)
            self._mark = _mark(database)

    def _load(self, database: psycopg.Connection[tuple[Any, ...]], rows: dict[str, bytes]) -> None:
        """These rows in the place of those that are there; in a transaction."""
        database.execute(f"set local lock_timeout = {LOCKED}")
        database.execute("set local session_replication_role = replica")  # no triggers, no key checks
        database.execute(f"truncate {', '.join(self._columns)}".encode())
        for name in self._columns:
            with database.cursor().copy(f"copy {name} from stdin".encode()) as copy:
                copy.write(rows[name])

    def is_held(self) -> bool:
        """Whether a connection left a transaction open that writes: the next one at the same rows would wait for it."""
        open_ones = (
            "select count(*) from pg_stat_activity where datname = current_database()"
            " and pid <> pg_backend_pid() and backend_xid is not null and state like 'idle in transaction%'"
        )
        with connect(self.address) as database:
            row = database.execute(open_ones).fetchone()
        return bool(row and row[0])

    def sizes(self) -> dict[str, int]:
        """Rows of each table in the kept state."""
        return {name.partition(".")[2].strip('"'): data.count(b"\n") for name, data in self._kept.items()}

    def sample(self, table: str, column: str, count: int) -> tuple[str, ...]:
        """At most `count` values of a column, spread over its rows."""
        return self._query(
            table,
            column,
            "select distinct v from (select {c}::text as v, ntile(%s) over (order by {c}) as part,"
            " row_number() over (order by {c}) as n from {t} where {c} is not null) s"
            " where n in (select min(n) from (select row_number() over (order by {c}) as n,"
            " ntile(%s) over (order by {c}) as part from {t} where {c} is not null) q group by part) order by v",
            (count, count),
        )

    def busiest(self, table: str, column: str) -> str:
        """The value that most rows of the table share, "" without one."""
        statement = (
            "select {c}::text from {t} where {c} is not null group by {c} order by count(*) desc, {c} limit 1"
        )
        return next(iter(self._query(table, column, statement, ())), "")

    def execute(self, statements: Sequence[str]) -> None:
        """Change the schema; a statement about a table that is not in this database is left out."""
        import psycopg

        with connect(self.address) as database:
            for statement in statements:
                with contextlib.suppress(psycopg.errors.UndefinedTable):
                    database.execute(statement.encode())

    def _query(self, table: str, column: str, statement: str, parameters: tuple[int, ...]) -> tuple[str, ...]:
        from psycopg import sql

        known = {name.partition(".")[2].strip('"'): name for name in self._columns}
        if table not in known or column not in self._columns[known[table]]:
            return ()
        schema = known[table].partition(".")[0].strip('"')
        text = sql.SQL(statement).format(c=sql.Identifier(column), t=sql.Identifier(schema, table))
        with connect(self.address) as database:
            return tuple(str(value) for (value,) in database.execute(text, parameters))


def backwards(data: bytes) -> bytes:
    """The rows of a COPY, the last one first."""
    return b"".join(reversed(data.splitlines(keepends=True)))


def turn_added(before: bytes, data: bytes) -> bytes:
    """The rows that were added to those `before`, the last one first, and then these; as they are where others lie."""
    return backwards(data[len(before) :]) + before if data.startswith(before) else data


def _columns(database: psycopg.Connection[tuple[Any, ...]], schema: str, table: str) -> tuple[str, ...]:
    rows = database.execute(
        "select column_name from information_schema.columns where table_schema = %s and table_name = %s"
        " and is_generated = 'NEVER' order by ordinal_position",
        (schema, table),
    )
    return tuple(name for (name,) in rows)


def _read(database: psycopg.Connection[tuple[Any, ...]], name: str) -> bytes:
    with database.cursor().copy(f"copy {name} to stdout".encode()) as copy:
        return b"".join(bytes(part) for part in copy)


def _sequences(database: psycopg.Connection[tuple[Any, ...]]) -> list[tuple[str, int, bool]]:
    rows = database.execute(
        "select format('%I.%I', schemaname, sequencename), coalesce(last_value, start_value), last_value is not null"
        " from pg_sequences"
    )
    return [(name, value, called) for name, value, called in rows]


def _set(database: psycopg.Connection[tuple[Any, ...]], sequences: Sequence[tuple[str, int, bool]]) -> None:
    for name, value, called in sequences:
        database.execute("select setval(%s::regclass, %s, %s)", (name, value, called))


def _mark(database: psycopg.Connection[tuple[Any, ...]]) -> int:
    """The next transaction id: reading takes none, so it moves only when somebody wrote."""
    row = database.execute("select pg_snapshot_xmax(pg_current_snapshot())::text::bigint").fetchone()
    return int(row[0]) if row else 0


def _differences(table: str, columns: tuple[str, ...], before: bytes, after: bytes) -> Iterator[RowChange]:
    if before == after:
        return
    kept, now = (Counter(tuple(line.split("\t")) for line in _lines(data)) for data in (before, after))
    yield from row_changes(table.removeprefix("public.").strip('"'), columns, now, kept)


def _lines(data: bytes) -> list[str]:
    # not splitlines(): values may hold other characters that it takes for the end of a line
    return data.decode(errors="backslashreplace").removesuffix("\n").split("\n") if data else []
