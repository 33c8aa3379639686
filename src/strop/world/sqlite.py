"""SQLite databases in a world: clone, restore, and which rows a request changed."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from strop.cell import RowChange
from strop.world import pages

BUSY = 10.0  # seconds to wait for a lock of the application


def copy(source: Path, destination: Path) -> None:
    """A consistent copy, also of a database that is open or has a write-ahead log."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    with _open(source, readonly=True) as old, _open(destination) as new:
        old.backup(new)


@contextlib.contextmanager
def _open(path: Path, readonly: bool = False) -> Iterator[sqlite3.Connection]:
    mode = "ro" if readonly else "rwc"
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=BUSY)
    try:
        yield connection
    finally:
        connection.close()


@dataclass
class SqliteState:
    """A database file that the application has open, and the state that it is put back to."""

    path: Path
    kept: Path
    _tables: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _owners: dict[int, str] = field(default_factory=dict)  # whose page it is, in the kept state
    _clean: tuple[int, int] = (0, 0)  # change counter and size of the file in the kept state

    def keep(self) -> None:
        """Remember the present state as the one to restore; a file that is not there yet is an empty database."""
        self.path.touch()
        copy(self.path, self.kept)
        with _open(self.kept, readonly=True) as database:
            names = database.execute(
                "select name from sqlite_master where type = 'table' and name not like 'sqlite_%'"
                " and sql not like 'CREATE VIRTUAL%' order by name"
            ).fetchall()
            self._tables = {
                name: tuple(row[1] for row in database.execute(f"pragma table_info({_quote(name)})"))
                for (name,) in names
            }
            self._owners = _owners(database)
        self._clean = pages.counter(self.path)

    def changes(self) -> tuple[RowChange, ...]:
        """The rows that differ from the kept state, sorted; empty when nothing was written."""
        if self._untouched():
            return ()
        with _open(self.path) as database:
            database.execute("pragma wal_checkpoint(truncate)")
            database.execute("attach ? as kept", (str(self.kept),))
            found = pages.differing(self.path, self.kept)
            tables = self._suspects(database, found)
            try:
                rowids = pages.rowids(found)
                changed = [c for table in tables for c in self._changed_rows(database, table, rowids)]
            except (pages.NotPlain, sqlite3.OperationalError):  # no rowid, long rows, too many rows
                changed = [c for table in tables for c in self._compare_tables(database, table)]
        return tuple(sorted(changed))

    def restore(self) -> None:
        """Put the kept state back, page by page, under the application's open connections."""
        if self._untouched():
            return
        if pages.is_wal(self.path):
            with _open(self.kept, readonly=True) as kept, _open(self.path) as database:
                kept.backup(database)
        else:
            pages.put_back(self.path, pages.differing(self.path, self.kept), self.kept.stat().st_size)
        self._clean = pages.counter(self.path)

    def sizes(self) -> dict[str, int]:
        """Rows of each table in the kept state."""
        with _open(self.kept, readonly=True) as database:
            return {
                name: database.execute(f"select count(*) from {_quote(name)}").fetchone()[0]
                for name in self._tables
            }

    def sample(self, table: str, column: str, count: int) -> tuple[str, ...]:
        """At most `count` values of a column in the kept state, spread over its rows."""
        if column not in self._tables.get(table, ()):
            return ()
        name, picked = _quote(table), _quote(column)
        with _open(self.kept, readonly=True) as database:
            total = database.execute(f"select count(*) from {name}").fetchone()[0]
            rows = [
                database.execute(
                    f"select cast({picked} as text) from {name} order by {picked} limit 1 offset ?",
                    (i * total // count,),
                ).fetchone()
                for i in range(min(count, total))
            ]
        return tuple(dict.fromkeys(row[0] for row in rows if row and row[0] is not None))

    def busiest(self, table: str, column: str) -> str:
        """The value that most rows of the table share, "" without one."""
        if column not in self._tables.get(table, ()):
            return ""
        picked = _quote(column)
        with _open(self.kept, readonly=True) as database:
            row = database.execute(
                f"select cast({picked} as text) from {_quote(table)} where {picked} is not null"
                f" group by {picked} order by count(*) desc, {picked} limit 1"
            ).fetchone()
        return row[0] if row else ""

    def execute(self, statements: Sequence[str]) -> None:
        """Change the schema; a statement about a table that is not in this file is left out."""
        with _open(self.path) as database:
            for statement in statements:
                with contextlib.suppress(sqlite3.OperationalError):
                    database.execute(statement)
            database.commit()

    def _untouched(self) -> bool:
        wal = Path(f"{self.path}-wal")
        if pages.is_wal(self.path) or (wal.exists() and wal.stat().st_size):
            return not (wal.exists() and wal.stat().st_size) and not pages.differing(self.path, self.kept)
        return pages.counter(self.path) == self._clean

    def _suspects(self, database: sqlite3.Connection, found: Sequence[pages.Page]) -> list[str]:
        """Tables with a page that differs; all tables where SQLite can't tell whose page it is."""
        if not self._owners:
            return sorted(self._tables)
        owners = {self._owners.get(page.number, "") for page in found}
        if "" in owners or any(not page.now or not page.kept or page.number == 1 for page in found):
            # Pages were taken from the free ones or given back: ask whose they are now.
            now = _owners(database)
            owners |= {now.get(page.number, "") for page in found}
        present = {
            name for (name,) in database.execute("select name from main.sqlite_master where type = 'table'")
        }
        return sorted(owners & self._tables.keys() & present)

    def _changed_rows(
        self, database: sqlite3.Connection, table: str, rowids: frozenset[int]
    ) -> Iterator[RowChange]:
        """The rows among `rowids` that one state has and the other has not, or not so."""
        columns, picked = self._tables[table], self._picked(table)
        listed = ",".join(map(str, sorted(rowids)))
        now, kept = (
            {
                row[0]: row[1:]
                for row in database.execute(
                    f"select rowid, {picked} from {schema}.{_quote(table)} where rowid in ({listed})"
                )
            }
            for schema in ("main", "kept")
        )
        for kind, one, other in (("added", now, kept), ("removed", kept, now)):
            for rowid, row in one.items():
                if other.get(rowid) != row:
                    yield RowChange(table, kind, _values(columns, (*row, 1)))

    def _compare_tables(self, database: sqlite3.Connection, table: str) -> Iterator[RowChange]:
        """The same for the whole table by its values; equal rows are counted, so that a doubled one is seen."""
        columns, picked = self._tables[table], self._picked(table)
        groups = f"group by {', '.join(str(n + 1) for n in range(len(columns)))}"
        for kind, one, other in (("added", "main", "kept"), ("removed", "kept", "main")):
            rows = database.execute(
                f"select {picked}, count(*) from {one}.{_quote(table)} {groups}"
                f" except select {picked}, count(*) from {other}.{_quote(table)} {groups}"
            )
            yield from (RowChange(table, kind, _values(columns, row)) for row in rows)

    def _picked(self, table: str) -> str:
        # Values are compared with their storage class: 1, 1.0 and '1' are different answers to a client.
        return ", ".join(f"typeof({_quote(c)}) || ':' || quote({_quote(c)})" for c in self._tables[table])


def _owners(database: sqlite3.Connection) -> dict[int, str]:
    """Page number -> table (an index belongs to its table); empty where SQLite has no dbstat."""
    with contextlib.suppress(sqlite3.OperationalError):
        tables = dict(database.execute("select name, tbl_name from main.sqlite_master"))
        found = database.execute("select pageno, name from dbstat where schema = 'main'")
        return {number: tables.get(name, name) for number, name in found}
    return {}


def _values(columns: tuple[str, ...], row: tuple[str | int, ...]) -> tuple[tuple[str, str], ...]:
    values = tuple(zip(columns, (str(value).partition(":")[2] for value in row), strict=False))
    return values if row[-1] == 1 else (*values, ("times", str(row[-1])))


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
