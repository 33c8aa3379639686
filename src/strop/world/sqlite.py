"""SQLite databases in a world: clone, restore, and which rows a request changed."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from strop.cell import RowChange

BUSY = 10.0  # seconds to wait for a lock of the application
HEADER = 100  # bytes of the file header, which hold the change counter


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

    def changes(self) -> tuple[RowChange, ...]:
        """The rows that differ from the kept state, sorted; empty when nothing was written."""
        if self._same_file():
            return ()
        changed: list[RowChange] = []
        with _open(self.path) as database:
            database.execute("pragma wal_checkpoint(truncate)")
            database.execute("attach ? as kept", (str(self.kept),))
            for table in self._suspects(database):
                changed += self._differences(database, table)
        return tuple(sorted(changed))

    def restore(self) -> None:
        """Put the kept state back, page by page, under the application's open connections."""
        if self._same_file():
            return
        with _open(self.kept, readonly=True) as kept, _open(self.path) as database:
            kept.backup(database)

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

    def _same_file(self) -> bool:
        wal = Path(f"{self.path}-wal")
        if wal.exists() and wal.stat().st_size:
            return False
        return not _changed_pages(self.path, self.kept)

    def _suspects(self, database: sqlite3.Connection) -> list[str]:
        """Tables with a page that differs; all tables where SQLite can't tell whose page it is."""
        new = database.execute("select name, sql from main.sqlite_master where type = 'table'").fetchall()
        pages = _changed_pages(self.path, self.kept)
        owners: set[str] = set()
        try:
            for schema in ("main", "kept"):
                rows = database.execute(
                    f"select distinct tbl_name from {schema}.sqlite_master where name in"
                    f" (select name from dbstat where schema = ? and pageno in ({','.join(map(str, pages))}))",
                    (schema,),
                )
                owners |= {name for (name,) in rows}
        except sqlite3.OperationalError:
            owners = set(self._tables)
        present = {name for name, _ in new}
        return sorted(name for name in owners if name in self._tables and name in present)

    def _differences(self, database: sqlite3.Connection, table: str) -> list[RowChange]:
        columns = self._tables[table]
        name = _quote(table)
        found = []
        for kind, one, other in (("added", "main", "kept"), ("removed", "kept", "main")):
            # Values are compared with their storage class: 1, 1.0 and '1' are different answers to a client.
            picked = ", ".join(f"typeof({_quote(c)}) || ':' || quote({_quote(c)})" for c in columns)
            # Equal rows are counted, so that a doubled row without a key is seen.
            groups = f"group by {', '.join(str(n + 1) for n in range(len(columns)))}"
            rows = database.execute(
                f"select {picked}, count(*) from {one}.{name} {groups}"
                f" except select {picked}, count(*) from {other}.{name} {groups}"
            )
            found += [RowChange(table, kind, _values(columns, row)) for row in rows]
        return found


def _values(columns: tuple[str, ...], row: tuple[str | int, ...]) -> tuple[tuple[str, str], ...]:
    values = tuple(zip(columns, (str(value).partition(":")[2] for value in row), strict=False))
    return values if row[-1] == 1 else (*values, ("times", str(row[-1])))


def _changed_pages(path: Path, kept: Path) -> list[int]:
    """Numbers of the pages whose bytes differ; the change counters in the first page's header don't count."""
    with path.open("rb") as now, kept.open("rb") as before:
        header = now.read(HEADER)
        size = int.from_bytes(header[16:18]) or 4096
        size = 65536 if size == 1 else size
        now.seek(0)
        pages: list[int] = []
        number, step = 1, 64
        while True:
            ours, theirs = now.read(size * step), before.read(size * step)
            if not ours and not theirs:
                return pages
            if ours != theirs or number == 1:
                for i in range(step):
                    one, other = ours[i * size : (i + 1) * size], theirs[i * size : (i + 1) * size]
                    if number + i == 1:
                        one, other = one[HEADER:], other[HEADER:]
                    if one != other:
                        pages.append(number + i)
            number += step


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
