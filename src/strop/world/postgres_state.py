"""A scratch database on a PostgreSQL server, and the state that it is put back to between requests.

Rows that a query puts in no order come as they lie in the file, so a restore must leave each where it was. Rows that were
added behind the others are taken away again, which moves none. Any other table that changed is emptied and loaded, both
in one transaction, in which PostgreSQL writes rows one behind the other.
"""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from strop.cell import RowChange
from strop.world.postgres import Address, connect
from strop.world.postgres_rows import (
    Delta,
    Rows,
    Since,
    Table,
    backwards,
    compare,
    count,
    read_rows,
    read_tables,
    turn_added,
)
from strop.world.rows import Busy

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[tuple[Any, ...]]

GARBAGE = 500  # rows of a table that are taken away before it is loaded again, because what is left of them is in the way
LOCKED = 3000  # ms to wait for a lock of the application
INDEX_ORDER = ("enable_indexscan", "enable_indexonlyscan")  # a bitmap scan gives rows as they lie
AS_THEY_LIE = "set synchronize_seqscans = off; set max_parallel_workers_per_gather = 0; set lock_timeout = {}"
HELD = (
    "select count(*) from pg_stat_activity where datname = current_database()"
    " and pid <> pg_backend_pid() and backend_xid is not null and state like 'idle in transaction%'"
)
VACUUMED = (
    "select c.oid::regclass::text from pg_class c where c.oid = any(%s::text[]::regclass[])"
    " and not coalesce(c.reloptions::text like '%%autovacuum_enabled=%%', false)"
)


@dataclass(frozen=True, slots=True)
class Layout:
    """Tables in which no hole lies between two rows: how many rows each holds, and since when."""

    since: Mapping[str, Since] = field(default_factory=dict)
    rows: Mapping[str, int] = field(default_factory=dict)


@dataclass
class PostgresState:
    """A scratch database that the application uses, and the state that it is put back to.

    `layout` is what is known of the database that this one is a copy of.
    """

    address: Address
    layout: Layout = field(default_factory=Layout)
    _tables: tuple[Table, ...] = ()
    _kept: dict[str, Rows] = field(default_factory=dict)
    _loaded: dict[str, int] = field(default_factory=dict)  # the transaction that loaded a table
    _taken: Counter[str] = field(default_factory=Counter)  # rows that were taken away since
    _sequences: dict[str, tuple[int, bool]] = field(default_factory=dict)
    _snapshot: str = ""  # which transactions had ended when the rows were those of the kept state
    _running: int = 0  # the first that had not: rows of later ones are new
    _found: tuple[str, dict[str, Delta]] | None = None  # what differs, and when that was seen
    _turned: dict[str, bytes] | None = None  # what lies in the tables since they were turned around
    _connection: Connection | None = None

    def keep(self) -> None:
        """Remember the present state as the one to restore, and close the gaps between its rows."""
        database = self._read_all()
        wanted = {name: self._kept[name].data for name in self._with_gaps(database)}
        if self._turned is not None:  # what the application's start added lies behind
            for name, rows in self._kept.items():
                data = turn_added(self._turned.get(name, b""), rows.data)
                wanted |= {name: data} if data != rows.data else {}
        self._arrange(database, wanted)
        self.layout = Layout(
            {table.name: self._since(table) for table in self._tables},
            {name: len(rows) for name, rows in self._kept.items()},
        )

    def turn(self) -> None:
        """Let the rows lie in reverse order from now on, and no index decide in which order they are read."""
        from psycopg import sql

        database = self._read_all()
        for setting in INDEX_ORDER:
            names = sql.Identifier(self.address.database), sql.Identifier(setting)
            database.execute(sql.SQL("alter database {} set {} = off").format(*names))
        self._arrange(
            database, {name: backwards(rows.data) for name, rows in self._kept.items() if len(rows) > 1}
        )
        self._turned = {name: rows.data for name, rows in self._kept.items()}

    def changes(self) -> tuple[RowChange, ...]:
        """The rows that differ from the kept state, sorted; empty when no transaction wrote."""
        deltas = self._deltas()
        tables = (table for table in self._tables if table.name in deltas)
        return tuple(sorted(c for t in tables for c in deltas[t.name].changes(t)))

    def restore(self) -> None:
        """Put rows and sequences back, each row where it lay. Raises Busy when the application holds a lock."""
        deltas = self._deltas()
        if self._found is None:
            return
        before, database = self._found[0], self._database()
        added = {name: delta.new for name, delta in deltas.items() if self._can_take_away(name, delta)}
        with _waiting(), database.transaction():
            database.execute(f"set local lock_timeout = {LOCKED}")
            self._take_away(database, added)
            self._load(database, {n: self._kept[n].data for n in deltas if n not in added})
            self._put_back(database)
            own = _own_transaction(database)
        self._found = None
        self._running = _first(before)
        # where nobody else came between, there is nothing new to be looked for
        alone = own == 0 or before == _after(own - 1)
        self._snapshot = (_after(own) if own else before) if alone else ""

    def is_held(self) -> bool:
        """Whether a connection left a transaction open that writes: the next one at the same rows would wait for it."""
        row = self._database().execute(HELD).fetchone()
        return bool(row and row[0])

    def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def sizes(self) -> dict[str, int]:
        """Rows of each table in the kept state."""
        return {name.partition(".")[2].strip('"'): len(rows) for name, rows in self._kept.items()}

    def columns(self) -> dict[str, tuple[str, ...]]:
        """Columns of each table in the kept state, as differences name them."""
        return {table.told: table.columns for table in self._tables}

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

    def latest(self, table: str, column: str, count: int) -> tuple[str, ...]:
        """Values of the column in the rows that lie last, at most `count`."""
        statement = "select {c}::text from {t} where {c} is not null order by ctid desc limit %s"
        return self._query(table, column, statement, (count,))

    def row(self, table: str, column: str, value: str) -> dict[str, Any]:
        """A row of the kept state in which the column has this value; empty without one."""
        statement = "select row_to_json(t)::text from {t} t where {c}::text = %s order by {c} limit 1"
        found = self._query(table, column, statement, (value,))
        return dict(json.loads(found[0])) if found else {}

    def execute(self, statements: Sequence[str]) -> None:
        """Change schema or rows; a statement that the database refuses, as it knows no such table, is left out."""
        import psycopg

        with connect(self.address) as database:
            for statement in statements:
                with contextlib.suppress(psycopg.ProgrammingError, psycopg.IntegrityError, psycopg.DataError):
                    database.execute(statement.encode())

    def _query(
        self, table: str, column: str, statement: str, parameters: tuple[int | str, ...]
    ) -> tuple[str, ...]:
        from psycopg import sql

        known = {each.name.partition(".")[2].strip('"'): each for each in self._tables}
        if table not in known or column not in known[table].columns:
            return ()
        schema = known[table].name.partition(".")[0].strip('"')
        text = sql.SQL(statement).format(c=sql.Identifier(column), t=sql.Identifier(schema, table))
        with connect(self.address) as database:
            return tuple(str(value) for (value,) in database.execute(text, parameters))

    def _database(self) -> Connection:
        """A connection that stays; to connect takes longer than all that is asked between two requests."""
        if self._connection is None or self._connection.closed:
            self._connection = connect(self.address)
            self._connection.execute(AS_THEY_LIE.format(LOCKED).encode())
        return self._connection

    def _now(self) -> str:
        """Which transactions have ended. Reading takes none, so it changes only when somebody wrote."""
        import psycopg

        text = "select pg_current_snapshot()::text"
        try:
            row = self._database().execute(text).fetchone()
        except psycopg.OperationalError:  # the application may end whoever is connected
            self.close()
            row = self._database().execute(text).fetchone()
        return str(row[0]) if row else ""

    def _since(self, table: Table) -> Since:
        return Since(self._running, self._loaded.get(table.name, 0))

    def _deltas(self) -> dict[str, Delta]:
        """What tells each table from the kept state, where anything does."""
        now = self._now()
        if now == self._snapshot:
            self._found = None
            return {}
        if self._found is None or self._found[0] != now:
            with _waiting():
                self._found = now, self._compare()
        return self._found[1]

    def _compare(self) -> dict[str, Delta]:
        database = self._database()
        asked = [(table, self._since(table)) for table in self._tables]
        found: dict[str, Delta] = {}
        for (table, since), (rows, new) in zip(asked, count(database, asked), strict=True):
            kept = self._kept[table.name]
            if new or rows != len(kept):
                delta = compare(database, table, since, kept, rows - new)
                if len(delta.new) or delta.gone:
                    found[table.name] = delta
        return found

    def _read_all(self) -> Connection:
        self._snapshot, self._found = self._now(), None
        self._running = _first(self._snapshot)
        database = self._database()
        self._tables = read_tables(database)
        self._kept = {table.name: read_rows(database, table) for table in self._tables}
        self._loaded = {name: since.loaded for name, since in self.layout.since.items()}
        self._sequences = _sequences(database)
        return database

    def _with_gaps(self, database: Connection) -> list[str]:
        """Tables that are not as they were loaded: rows lie as they came, and later ones may fill gaps."""
        known = [t for t in self._tables if t.name in self.layout.since]
        counted = count(database, [(table, self.layout.since[table.name]) for table in known])
        same = {
            table.name
            for table, (rows, new) in zip(known, counted, strict=True)
            if not new and rows == self.layout.rows[table.name]
        }
        return [table.name for table in self._tables if table.name not in same]

    def _arrange(self, database: Connection, wanted: dict[str, bytes]) -> None:
        """Load these rows, those of the kept state, so that they lie in this order; as they lie where a lock is held."""
        import psycopg

        with contextlib.suppress(psycopg.errors.LockNotAvailable), database.transaction():
            database.execute(f"set local lock_timeout = {LOCKED}")
            for (name,) in database.execute(VACUUMED, ([*wanted],)).fetchall():
                database.execute(f"alter table {name} set (autovacuum_enabled = off)".encode())
            self._load(database, wanted)
        self._kept |= {t.name: read_rows(database, t) for t in self._tables if t.name in wanted}
        # nextval() logs ahead and then takes no transaction id for a while; setval() ends that
        _set(database, self._sequences)

    def _load(self, database: Connection, rows: dict[str, bytes]) -> None:
        """These rows in the place of those that are there; in a transaction."""
        if not rows:
            return
        if not _is_superuser(
            database
        ):  # others may refer to them, and PostgreSQL empties such tables together only
            rows = {name: kept.data for name, kept in self._kept.items()} | rows
        columns = {table.name: table.quoted for table in self._tables}
        database.execute("set local session_replication_role = replica")  # no triggers, no key checks
        _empty(database, [*rows])
        for name, data in rows.items():
            text = f"copy {name} ({columns[name]}) from stdin" if columns[name] else f"copy {name} from stdin"
            with database.cursor().copy(text.encode()) as copy:
                copy.write(data)
            self._loaded[name] = _own_transaction(database)
            self._taken[name] = 0

    def _can_take_away(self, name: str, delta: Delta) -> bool:
        taken = self._taken[name] + len(delta.new)
        return taken <= GARBAGE and delta.is_behind(self._kept[name])

    def _take_away(self, database: Connection, added: Mapping[str, Rows]) -> None:
        if added:
            database.execute("set local session_replication_role = replica")
        for name, rows in added.items():
            text = f"delete from only {name} where ctid = any(%s::text[]::tid[])"
            database.execute(text.encode(), (rows.told_places(),))
            self._taken[name] += len(rows)

    def _put_back(self, database: Connection) -> None:
        now = _sequences(database)
        _set(database, {name: value for name, value in self._sequences.items() if now.get(name) != value})


@contextlib.contextmanager
def _waiting() -> Iterator[None]:
    import psycopg

    try:
        yield
    except psycopg.errors.LockNotAvailable as error:
        raise Busy(f"the application still holds a lock: {error}") from None


def _empty(database: Connection, tables: Sequence[str]) -> None:
    """TRUNCATE of these tables alone, though others refer to them: their rows come back in the same transaction."""
    listed = ", ".join(tables)
    database.execute(f"lock table {listed} in access exclusive mode".encode())
    hide = "update pg_class set relhastriggers = false where relhastriggers and oid = any(%s::text[]::regclass[]) returning oid"
    hidden = []
    if _is_superuser(database):
        hidden = [oid for (oid,) in database.execute(hide, ([*tables],))]
    database.execute(f"truncate {listed}".encode())
    if hidden:
        database.execute("update pg_class set relhastriggers = true where oid = any(%s)", (hidden,))


def _is_superuser(database: Connection) -> bool:
    return database.info.parameter_status("is_superuser") == "on"


def _first(snapshot: str) -> int:
    """The first transaction that had not ended."""
    return int(snapshot.partition(":")[0])


def _after(transaction: int) -> str:
    """The snapshot when this transaction and all before it have ended."""
    return f"{transaction + 1}:{transaction + 1}:"


def _sequences(database: Connection) -> dict[str, tuple[int, bool]]:
    rows = database.execute(
        "select format('%I.%I', schemaname, sequencename), coalesce(last_value, start_value), last_value is not null"
        " from pg_sequences"
    )
    return {name: (value, called) for name, value, called in rows}


def _set(database: Connection, sequences: Mapping[str, tuple[int, bool]]) -> None:
    for name, (value, called) in sequences.items():
        database.execute("select setval(%s::regclass, %s, %s)", (name, value, called))


def _own_transaction(database: Connection) -> int:
    """The id of the transaction that runs, 0 as long as it has written nothing."""
    row = database.execute("select coalesce(pg_current_xact_id_if_assigned()::text::bigint, 0)").fetchone()
    return int(row[0]) if row else 0
