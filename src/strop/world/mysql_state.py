"""A scratch database on a MySQL or MariaDB server, and the state that it is put back to between requests.

The kept rows lie in a second scratch database, so that the server compares and puts back what it alone writes exactly.
InnoDB stores rows in the order of their key: where they lie follows from what they are.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from strop.cell import RowChange
from strop.world import mysql
from strop.world.address import Address
from strop.world.mysql import ask, quote
from strop.world.rows import Busy, row_changes

if TYPE_CHECKING:
    import pymysql

    Connection = pymysql.Connection[Any]

LOCKS = (1205, 1213)  # the server's numbers for a lock that was waited for in vain
TEXTS = ("char", "varchar", "tinytext", "text", "mediumtext", "longtext", "enum", "set")
PASSES = 3  # a trigger may write where rows are put back
STALE = 0.15  # seconds for which the server repeats its list of transactions
WRITES = (  # statements after which rows may differ, as the server counts them
    "show global status where variable_name in ('Com_insert', 'Com_insert_select', 'Com_update', 'Com_update_multi',"
    " 'Com_delete', 'Com_delete_multi', 'Com_replace', 'Com_replace_select', 'Com_load', 'Com_truncate', 'Com_commit',"
    " 'Com_call_procedure', 'Com_stmt_execute', 'Com_alter_table', 'Com_create_table', 'Com_drop_table', 'Com_xa_commit')"
)
HELD = (
    "select count(*) from information_schema.innodb_trx t join information_schema.processlist p"
    " on p.id = t.trx_mysql_thread_id where p.db = %s and p.command = 'Sleep' and t.trx_rows_modified > 0"
)


@dataclass(frozen=True, slots=True)
class Table:
    """A table, its columns with their types, and those of its primary key."""

    name: str
    columns: tuple[tuple[str, str], ...]
    key: tuple[str, ...]

    def listed(self, alias: str = "") -> str:
        """The columns as statements name them."""
        before = f"{alias}." if alias else ""
        return ", ".join(f"{before}{quote(name)}" for name, _ in self.columns)

    def joined(self, one: str, other: str) -> str:
        """One database's rows beside those of the same key in the other one."""
        keys = " and ".join(f"a.{quote(name)} = b.{quote(name)}" for name in self.key)
        return f"{one}.{quote(self.name)} a left join {other}.{quote(self.name)} b on {keys}"

    @property
    def differs(self) -> str:
        """Whether rows of two databases differ; texts that a collation takes for the same are two."""
        return " or ".join(
            f"not (cast(a.{quote(name)} as binary) <=> cast(b.{quote(name)} as binary))"
            if kind in TEXTS
            else f"not (a.{quote(name)} <=> b.{quote(name)})"
            for name, kind in self.columns
        )


@dataclass
class MysqlState:
    """A scratch database that the application uses, and the state that it is put back to."""

    address: Address
    _kept: Address | None = None
    _tables: tuple[Table, ...] = ()
    _sums: dict[str, str | None] = field(default_factory=dict)
    _counters: dict[str, str] = field(default_factory=dict)  # next values of auto_increment
    _writes: tuple[tuple[str, str], ...] = ()
    _connection: Connection | None = None

    def keep(self) -> None:
        """Remember the present state as the one to restore."""
        if self._kept is not None:
            mysql.drop(self._kept)
        self._kept = mysql.create(self.address, self.address.database)
        database = self._database()
        schema = self.address.database
        self._tables = tuple(_table(database, schema, name) for name in mysql.tables(database, schema))
        self._sums = _sums(database, self._tables)
        self._counters = _counters(database, schema)
        self._writes = _writes(database)

    def changes(self) -> tuple[RowChange, ...]:
        """The rows that differ from the kept state, sorted; empty when no statement wrote."""
        database = self._database()
        if _writes(database) == self._writes:
            return ()
        return tuple(sorted(c for table in self._differing(database) for c in self._told(database, table)))

    def restore(self) -> None:
        """Put rows and counters back. Raises Busy when the application still holds a lock."""
        database = self._database()
        if _writes(database) == self._writes:
            return
        with _waiting():
            for _ in range(PASSES):
                differing = self._differing(database)
                if not differing:
                    break
                for table in differing:
                    self._put_back(database, table)
            now = _counters(database, self.address.database)
            for name, value in self._counters.items():
                if now.get(name) not in (None, value):
                    ask(database, f"alter table {quote(name)} auto_increment = {value}")
        self._writes = _writes(database)

    def is_held(self) -> bool:
        """Whether a connection left a transaction open that writes. Needs the right to see others; else nothing is."""
        import pymysql

        try:
            held = self._ask_held()
            if held:
                time.sleep(STALE)
                held = self._ask_held()
        except pymysql.OperationalError:
            return False
        return held

    def sizes(self) -> dict[str, int]:
        """Rows of each table in the kept state."""
        kept, database = self._kept_name(), self._database()
        return {
            table.name: int(ask(database, f"select count(*) from {kept}.{quote(table.name)}")[0][0])
            for table in self._tables
        }

    def columns(self) -> dict[str, tuple[str, ...]]:
        """Columns of each table in the kept state."""
        return {table.name: tuple(name for name, _ in table.columns) for table in self._tables}

    def sample(self, table: str, column: str, count: int) -> tuple[str, ...]:
        """At most `count` values of a column in the kept state, spread over its rows."""
        if not self._knows(table, column) or count < 1:
            return ()
        picked, name = quote(column), f"{self._kept_name()}.{quote(table)}"
        rows = ask(
            self._database(),
            f"select distinct {picked} from {name} where {picked} is not null order by {picked}",
        )
        step = max(1, -(-len(rows) // count))
        return tuple(_text(value) for (value,) in rows[::step])

    def busiest(self, table: str, column: str) -> str:
        """The value that most rows of the table share, "" without one."""
        if not self._knows(table, column):
            return ""
        picked, name = quote(column), f"{self._kept_name()}.{quote(table)}"
        text = f"select {picked} from {name} where {picked} is not null group by {picked} order by count(*) desc, {picked}"
        rows = ask(self._database(), f"{text} limit 1")
        return _text(rows[0][0]) if rows else ""

    def latest(self, table: str, column: str, count: int) -> tuple[str, ...]:
        """The largest values of the column in the kept state, at most `count`: rows lie as their keys say."""
        if not self._knows(table, column):
            return ()
        picked, where = quote(column), f"{self._kept_name()}.{quote(table)}"
        text = f"select {picked} from {where} where {picked} is not null order by {picked} desc limit %s"
        return tuple(_text(value) for (value,) in ask(self._database(), text, (count,)))

    def row(self, table: str, column: str, value: str) -> dict[str, Any]:
        """A row of the kept state in which the column has this value; empty without one."""
        if not self._knows(table, column):
            return {}
        names = next([name for name, _ in each.columns] for each in self._tables if each.name == table)
        shown, where = ", ".join(map(quote, names)), f"{self._kept_name()}.{quote(table)}"
        text = f"select {shown} from {where} where cast({quote(column)} as char) = %s limit 1"
        found = ask(self._database(), text, (value,))
        return dict(zip(names, found[0], strict=True)) if found else {}

    def execute(self, statements: Sequence[str]) -> None:
        """Change schema or rows; a statement that the database refuses, as it knows no such table, is left out."""
        import pymysql

        for statement in statements:
            try:
                ask(self._database(), statement)
            except (pymysql.ProgrammingError, pymysql.IntegrityError, pymysql.DataError):
                continue

    def close(self) -> None:
        """Drop the kept rows and end the connection; the scratch database itself stays."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._kept is not None:
            mysql.drop(self._kept)
            self._kept = None

    def _database(self) -> Connection:
        if self._connection is None or not self._connection.open:
            self._connection = mysql.connect(self.address)
        return self._connection

    def _kept_name(self) -> str:
        return quote(self._kept.database) if self._kept is not None else quote(self.address.database)

    def _knows(self, table: str, column: str) -> bool:
        return any(t.name == table and column in dict(t.columns) for t in self._tables)

    def _ask_held(self) -> bool:
        return ask(self._database(), HELD, (self.address.database,))[0][0] not in (0, "0")

    def _differing(self, database: Connection) -> list[Table]:
        now = _sums(database, self._tables)
        return [table for table in self._tables if now[table.name] != self._sums[table.name]]

    def _told(self, database: Connection, table: Table) -> Iterator[RowChange]:
        now, kept = quote(self.address.database), self._kept_name()
        if table.key:
            sides = [
                ask(database, f"select {table.listed('a')} from {table.joined(*pair)} where {table.differs}")
                for pair in ((now, kept), (kept, now))
            ]
        else:
            sides = [
                ask(database, f"select {table.listed()} from {s}.{quote(table.name)}") for s in (now, kept)
            ]
        one, other = (Counter(tuple(map(_text, row)) for row in rows) for rows in sides)
        yield from row_changes(table.name, tuple(name for name, _ in table.columns), one, other)

    def _put_back(self, database: Connection, table: Table) -> None:
        name, kept, now = quote(table.name), self._kept_name(), quote(self.address.database)
        into = f"insert into {now}.{name} ({table.listed()})"
        if not table.key:
            ask(database, f"delete from {now}.{name}")
            ask(database, f"{into} select {table.listed()} from {kept}.{name}")
            return
        missing = f"b.{quote(table.key[0])} is null"
        ask(database, f"delete a from {table.joined(now, kept)} where {table.differs}")
        ask(database, f"{into} select {table.listed('a')} from {table.joined(kept, now)} where {missing}")


def _table(database: Connection, schema: str, name: str) -> Table:
    key = ask(
        database,
        "select column_name from information_schema.key_column_usage where table_schema = %s and table_name = %s"
        " and constraint_name = 'PRIMARY' order by ordinal_position",
        (schema, name),
    )
    return Table(name, mysql.columns(database, schema, name), tuple(column for (column,) in key))


def _sums(database: Connection, tables: Sequence[Table]) -> dict[str, str | None]:
    """A checksum of each table's rows, which the server works out."""
    if not tables:
        return {}
    rows = ask(database, f"checksum table {', '.join(quote(table.name) for table in tables)} extended")
    return {table.name: value for table, (_, value) in zip(tables, rows, strict=True)}


def _counters(database: Connection, schema: str) -> dict[str, str]:
    import pymysql

    with suppress(
        pymysql.MySQLError
    ):  # MySQL remembers for a day what it said; MariaDB knows no such setting
        ask(database, "set session information_schema_stats_expiry = 0")
    rows = ask(
        database,
        "select table_name, auto_increment from information_schema.tables"
        " where table_schema = %s and auto_increment is not null",
        (schema,),
    )
    return {name: str(value) for name, value in rows}


def _writes(database: Connection) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in ask(database, WRITES))


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode(errors="backslashreplace")
    return "\\N" if value is None else str(value)


@contextmanager
def _waiting() -> Iterator[None]:
    import pymysql

    try:
        yield
    except pymysql.OperationalError as error:
        if error.args[0] in LOCKS:
            raise Busy(f"the application still holds a lock: {error.args[-1]}") from None
        raise
