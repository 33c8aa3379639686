"""SQLite databases in a world: clone, restore, and which rows a request changed."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from strop.cell import RowChange
from strop.world import pages
from strop.world.rows import Busy, row_changes

BUSY = 3.0  # seconds to wait for a lock of the application
BRIEF = 0.05  # the same where waiting is only the faster way
BESIDE = ("-wal", "-shm", "-journal")  # what SQLite may keep beside a file
SCHEMA = "sqlite_master"
TABLES = (
    "select name from {}.sqlite_master where type = 'table' and name not like 'sqlite\\_%' escape '\\'"
    " and sql not like 'CREATE VIRTUAL%' order by name"
)

Row = tuple[str, ...]


def copy(source: Path, destination: Path) -> None:
    """A consistent copy, also of a database that is open or has a write-ahead log. Nothing is left beside it."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    # A reader of a write-ahead log makes files beside it; where nobody has it open, its bytes are the database.
    if pages.is_wal(source) and not Path(f"{source}-shm").exists():
        _copy_bytes(source, destination)
        return
    try:
        _backup(source, destination, readonly=True)
    except sqlite3.OperationalError:  # a journal that must be rolled back first, which reading alone can't
        if not Path(f"{source}-journal").exists():
            raise
        _copy_bytes(source, destination)


def _copy_bytes(source: Path, destination: Path) -> None:
    with tempfile.TemporaryDirectory(dir=destination.parent) as folder:
        bare = Path(folder) / source.name
        for end in ("", *BESIDE):
            if Path(f"{source}{end}").is_file():
                shutil.copyfile(f"{source}{end}", f"{bare}{end}")
        _backup(bare, destination)


def _backup(source: Path, destination: Path, readonly: bool = False) -> None:
    """Copy page by page, waiting at most BUSY seconds for locks. Raises sqlite3.OperationalError after that."""
    waited = 0

    def wait(status: int, _: int, __: int) -> None:
        nonlocal waited
        waited = waited + 1 if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) else 0
        if waited > BUSY / BRIEF:
            raise sqlite3.OperationalError("database is locked")

    with _open(source, readonly) as old, _open(destination) as new:
        old.execute(f"pragma busy_timeout = {int(BRIEF * 1000)}")
        new.execute(f"pragma busy_timeout = {int(BRIEF * 1000)}")
        new.execute("pragma synchronous = off")  # a scratch file
        old.backup(new, progress=wait, sleep=BRIEF)


@contextlib.contextmanager
def _open(path: Path, readonly: bool = False) -> Iterator[sqlite3.Connection]:
    mode = "ro" if readonly else "rwc"
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True, timeout=BUSY)
    connection.text_factory = _decode
    try:
        yield connection
    finally:
        connection.close()


def _decode(text: bytes) -> str:
    return text.decode(errors="backslashreplace")


@contextlib.contextmanager
def _waiting() -> Iterator[None]:
    try:
        yield
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise Busy(f"the application still holds a lock: {error}") from None
        raise


@dataclass(frozen=True, slots=True)
class Shape:
    """The columns of a table, and the name by which it gives its rowid ("" where it has none)."""

    columns: tuple[str, ...]
    rowid: str = ""


@dataclass
class SqliteState:
    """A database file that the application has open, and the state that it is put back to."""

    path: Path
    kept: Path
    _tables: dict[str, Shape] = field(default_factory=dict)
    _owners: dict[int, str] = field(default_factory=dict)  # whose page it is, in the kept state
    _clean: tuple[int, int] = (0, 0)  # change counter and size of the file in the kept state
    _found: tuple[tuple[int, int], tuple[pages.Page, ...]] | None = None  # what differs, at which counter

    def is_held(self) -> bool:
        """Whether a connection left a transaction open that writes: the next one to write would fail."""
        if not self.path.exists():
            return False
        with _open(self.path) as database:
            database.isolation_level = None
            database.execute(f"pragma busy_timeout = {int(BRIEF * 1000)}")
            try:
                database.execute("begin immediate")
            except sqlite3.OperationalError as error:
                return "locked" in str(error)
            database.execute("rollback")
        return False

    def keep(self) -> None:
        """Remember the present state as the one to restore; a file that is not there yet is an empty database."""
        self.path.touch()
        copy(self.path, self.kept)
        with _open(self.kept, readonly=True) as database:
            self._tables = _shapes(database, "main")
            self._owners = _owners(database)
        pages.share_cookie(self.path, self.kept)
        self._clean = pages.counter(self.path)
        self._found = None

    def changes(self) -> tuple[RowChange, ...]:
        """The rows that differ from the kept state, sorted; empty when nothing was written.

        Tables and indexes that were made or dropped are rows of sqlite_master. Raises Busy when the
        application still holds a lock.
        """
        if self._untouched():
            return ()
        with _waiting(), _open(self.path) as database:
            whole = _checkpoint(database)
            database.execute("attach ? as kept", (str(self.kept),))
            schema = tuple(_differing_rows(database, SCHEMA, Shape(("type", "name", "tbl_name", "sql"))))
            if schema:
                changed = [*schema, *self._all_tables(database)]
            else:
                changed = self._suspected_tables(database, self._differing(), whole)
        return tuple(sorted(changed))

    def restore(self) -> None:
        """Put the kept state back, page by page, under the application's open connections.

        Raises Busy when one of them still holds a lock.
        """
        if self._untouched():
            return
        with _waiting():
            if pages.is_wal(self.path):
                _backup(self.kept, self.path)
                with _open(self.path) as database:
                    _checkpoint(database)
            else:
                pages.put_back(self.path, self._differing(), self.kept.stat().st_size, BUSY)
                pages.share_cookie(self.path, self.kept)
        self._clean = pages.counter(self.path)
        self._found = None

    def _differing(self) -> tuple[pages.Page, ...]:
        """The pages that differ from the kept state, read once for as long as nobody commits."""
        now = pages.counter(self.path)
        if self._found is None or self._found[0] != now or pages.is_wal(self.path):
            self._found = now, pages.differing(self.path, self.kept)
        return self._found[1]

    def sizes(self) -> dict[str, int]:
        """Rows of each table in the kept state."""
        with _open(self.kept, readonly=True) as database:
            return {
                name: database.execute(f"select count(*) from {_quote(name)}").fetchone()[0]
                for name in self._tables
            }

    def columns(self) -> dict[str, tuple[str, ...]]:
        """Columns of each table in the kept state."""
        return {name: shape.columns for name, shape in self._tables.items()}

    def sample(self, table: str, column: str, count: int) -> tuple[str, ...]:
        """At most `count` values of a column in the kept state, spread over its rows."""
        if column not in self._columns(table):
            return ()
        name, picked = _quote(table), _quote(column)
        with _open(self.kept, readonly=True) as database:
            total = database.execute(f"select count(*) from {name}").fetchone()[0]
            count = min(count, total)
            rows = [
                database.execute(
                    f"select cast({picked} as text) from {name} order by {picked} limit 1 offset ?",
                    (i * total // count,),
                ).fetchone()
                for i in range(count)
            ]
        return tuple(dict.fromkeys(row[0] for row in rows if row and row[0] is not None))

    def busiest(self, table: str, column: str) -> str:
        """The value that most rows of the table share, "" without one."""
        if column not in self._columns(table):
            return ""
        picked = _quote(column)
        with _open(self.kept, readonly=True) as database:
            row = database.execute(
                f"select cast({picked} as text) from {_quote(table)} where {picked} is not null"
                f" group by {picked} order by count(*) desc, {picked} limit 1"
            ).fetchone()
        return row[0] if row else ""

    def latest(self, table: str, column: str, count: int) -> tuple[str, ...]:
        """Values of the column in the rows of the kept state that lie last, at most `count`."""
        if column not in self._columns(table):
            return ()
        picked = _quote(column)
        with _open(self.kept, readonly=True) as database, contextlib.suppress(sqlite3.OperationalError):
            rows = database.execute(  # a table without row ids has no last one
                f"select cast({picked} as text) from {_quote(table)} order by rowid desc limit ?", (count,)
            ).fetchall()
            return tuple(value for (value,) in rows if value is not None)
        return ()

    def row(self, table: str, column: str, value: str) -> dict[str, Any]:
        """A row of the kept state in which the column has this value; empty without one."""
        columns = self._columns(table)
        if column not in columns:
            return {}
        shown = ", ".join(map(_quote, columns))
        with _open(self.kept, readonly=True) as database:
            found = database.execute(
                f"select {shown} from {_quote(table)} where {_quote(column)} = ? limit 1", (value,)
            ).fetchone()
        return dict(zip(columns, found, strict=True)) if found else {}

    def execute(self, statements: Sequence[str]) -> None:
        """Change the schema; a statement about a table that is not in this file is left out."""
        with _open(self.path) as database:
            for statement in statements:
                with contextlib.suppress(sqlite3.OperationalError):
                    database.execute(statement)
            database.commit()

    def close(self) -> None:
        """Nothing is held between two calls."""

    def _columns(self, table: str) -> tuple[str, ...]:
        return self._tables[table].columns if table in self._tables else ()

    def _suspected_tables(
        self, database: sqlite3.Connection, found: Sequence[pages.Page], whole: bool
    ) -> list[RowChange]:
        """Changes in the tables that own a page that differs; in all where the file is not `whole`."""
        rowids: frozenset[int] | None = None
        if whole:
            with contextlib.suppress(pages.NotPlain):
                rowids = pages.rowids(found)
        changed: list[RowChange] = []
        for table in self._suspects(database, found) if whole else sorted(self._tables):
            changed += _differing_rows(database, table, self._tables[table], rowids)
        return changed

    def _all_tables(self, database: sqlite3.Connection) -> Iterator[RowChange]:
        """Changes in all tables of either state, under a schema that changed too."""
        present = _shapes(database, "main")
        for table in sorted({*present, *self._tables}):
            now, kept = present.get(table), self._tables.get(table)
            if now is not None and kept is not None and now.columns == kept.columns:
                yield from _differing_rows(database, table, now)
                continue
            for schema, shape in (("main", now), ("kept", kept)):
                if shape is not None:
                    rows = Counter(_rows(database, f"{schema}.{_quote(table)}", shape))
                    sides = (rows, Counter[Row]()) if schema == "main" else (Counter[Row](), rows)
                    yield from row_changes(table, shape.columns, *sides)

    def _untouched(self) -> bool:
        if not self.path.exists():  # the application removed it
            self.path.touch()
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
        return sorted(owners & self._tables.keys())


def _checkpoint(database: sqlite3.Connection) -> bool:
    """Bring a write-ahead log into the file; False when somebody still reads an older state from it."""
    database.execute("pragma synchronous = off")
    database.execute(f"pragma busy_timeout = {int(BRIEF * 1000)}")
    busy, *_ = database.execute("pragma wal_checkpoint(truncate)").fetchone()
    database.execute(f"pragma busy_timeout = {int(BUSY * 1000)}")
    return not busy


def _shapes(database: sqlite3.Connection, schema: str) -> dict[str, Shape]:
    names = [name for (name,) in database.execute(TABLES.format(schema)).fetchall()]
    return {name: _shape(database, schema, name) for name in names}


def _shape(database: sqlite3.Connection, schema: str, table: str) -> Shape:
    rows = database.execute(f"pragma {schema}.table_xinfo({_quote(table)})").fetchall()
    taken = {str(row[1]).lower() for row in rows}
    rowid = next((name for name in ("rowid", "_rowid_", "oid") if name not in taken), "")
    try:
        database.execute(f"select {rowid or 'null'} from {schema}.{_quote(table)} limit 0")
    except sqlite3.OperationalError:  # WITHOUT ROWID
        rowid = ""
    return Shape(tuple(row[1] for row in rows if not row[6]), rowid)


def _differing_rows(
    database: sqlite3.Connection, table: str, shape: Shape, rowids: frozenset[int] | None = None
) -> Iterator[RowChange]:
    """Rows that one state has more often than the other. Only those in `rowids` can differ, if it is given."""
    sides = []
    for one, other in (("main", "kept"), ("kept", "main")):
        if rowids is not None and shape.rowid:
            listed = ",".join(map(str, sorted(rowids)))
            name = f"{one}.{_quote(table)} where {shape.rowid} in ({listed})"
            sides.append(Counter(_rows(database, name, shape)))
            continue
        picked, groups = _picked(shape), ", ".join(str(n + 1) for n in range(len(shape.columns)))
        first, second = (
            f"select {picked}, count(*) from {schema}.{_quote(table)} group by {groups}"
            for schema in (one, other)
        )
        sides.append(Counter({row[:-1]: row[-1] for row in database.execute(f"{first} except {second}")}))
    yield from row_changes(table, shape.columns, *sides)


def _rows(database: sqlite3.Connection, source: str, shape: Shape) -> Iterator[Row]:
    return database.execute(f"select {_picked(shape)} from {source}")


def _picked(shape: Shape) -> str:
    """Every column as a literal: its storage class shows, because 1, 1.0 and '1' are different answers.

    quote() ends at a NUL, so text with one is written as bytes.
    """
    return ", ".join(
        f"case when typeof({c}) = 'text' and instr(cast({c} as blob), x'00')"
        f" then 'text ' || hex(cast({c} as blob)) else quote({c}) end"
        for c in map(_quote, shape.columns)
    )


def _owners(database: sqlite3.Connection) -> dict[int, str]:
    """Page number -> table (an index belongs to its table); empty where SQLite has no dbstat."""
    with contextlib.suppress(sqlite3.OperationalError):
        tables = dict(database.execute("select name, tbl_name from main.sqlite_master"))
        found = database.execute("select pageno, name from dbstat where schema = 'main'")
        return {number: tables.get(name, name) for number, name in found}
    return {}


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
