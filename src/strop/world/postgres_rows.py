"""The rows of one table on a PostgreSQL server, in the order in which they lie: which are new, and which are gone?"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from strop.cell import RowChange
from strop.world.rows import row_changes

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[tuple[Any, ...]]

BITS = 16  # of a place that number the row within its page

# tables that hold rows themselves: of a partitioned one, the parts
TABLES = (
    "select format('%I.%I', n.nspname, c.relname), array(select a.attname::text from pg_attribute a"
    " where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' order by a.attnum)"
    " from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.relkind = 'r'"
    " and c.relpersistence <> 't' and n.nspname not in ('pg_catalog', 'information_schema') order by 1"
)


class Table(Struct, frozen=True):
    """A table by its quoted name, and its columns without those that PostgreSQL works out."""

    name: str
    columns: tuple[str, ...]

    @property
    def selected(self) -> str:
        """Places and columns of its own rows, not of those of tables that inherit."""
        return f"select {', '.join(filter(None, ('ctid', self.quoted)))} from only {self.name}"

    @property
    def quoted(self) -> str:
        """The columns as statements name them."""
        return ", ".join('"' + column.replace('"', '""') + '"' for column in self.columns)

    @property
    def told(self) -> str:
        """The name as differences call it."""
        return self.name.removeprefix("public.").strip('"')


class Rows(Struct, frozen=True):
    """Rows as COPY writes them, and the place of each; both in the order in which they lie."""

    data: bytes = b""
    places: array[int] = field(default_factory=lambda: array("Q"))
    starts: array[int] = field(default_factory=lambda: array("Q"))  # of each row within the data

    def __len__(self) -> int:
        return len(self.places)

    def row(self, number: int) -> bytes:
        """One row, with the end of its line."""
        end = self.starts[number + 1] if number + 1 < len(self) else len(self.data)
        return self.data[self.starts[number] : end]

    def told_places(self) -> list[str]:
        """The places as PostgreSQL writes them."""
        return [f"({place >> BITS},{place & ((1 << BITS) - 1)})" for place in self.places]


class Delta(Struct, frozen=True):
    """What tells a table from the kept state: the new rows, and those that are gone."""

    new: Rows
    gone: tuple[bytes, ...]

    def is_behind(self, kept: Rows) -> bool:
        """Whether rows were only added, behind the kept ones and one behind the other: to take them away moves none."""
        places = self.new.places
        last = kept.places[-1] if len(kept) else 0
        in_order = all(_follows(places[i - 1], places[i]) for i in range(1, len(places)))
        return not self.gone and in_order and all(place > last for place in places)

    def changes(self, table: Table) -> Iterator[RowChange]:
        """The rows as differences name them."""
        before = Counter(values(row) for row in self.gone)
        now = Counter(values(self.new.row(number)) for number in range(len(self.new)))
        yield from row_changes(table.told, table.columns, now, before)


def _follows(place: int, other: int) -> bool:
    """Whether a row that is put behind the one at `place` can lie at `other`."""
    return other in (place + 1, (((place >> BITS) + 1) << BITS) + 1)


def read_tables(database: Connection) -> tuple[Table, ...]:
    """The tables of a database, by name."""
    return tuple(Table(name, tuple(columns)) for name, columns in database.execute(TABLES))


def read_rows(database: Connection, table: Table, where: str = "") -> Rows:
    """The rows of a table, or those for which a condition holds."""
    text = f"copy ({table.selected}{f' where {where}' if where else ''}) to stdout"
    with database.cursor().copy(text.encode()) as copy:
        return split(b"".join(bytes(part) for part in copy))


def split(copied: bytes) -> Rows:
    """Rows of a COPY whose first column is the place."""
    rows, places, starts, at = [], array("Q"), array("Q"), 0
    for line in copied.split(b"\n")[:-1]:
        place, _, row = line.partition(b"\t")
        block, _, number = place[1:-1].partition(b",")
        places.append((int(block) << BITS) + int(number))
        starts.append(at)
        rows.append(row)
        at += len(row) + 1
    rows.append(b"")
    return Rows(b"\n".join(rows), places, starts)


class Since(Struct, frozen=True):
    """From which transaction on rows are new; `loaded` is the one that loaded the table, if any did."""

    running: int
    loaded: int = 0

    @property
    def condition(self) -> str:
        """Holds for new rows."""
        oldest, loaded = (number % (1 << 32) for number in (self.running, self.loaded))
        return f"(age(xmin) <= age('{oldest}'::xid) and xmin <> '{loaded}'::xid)"


def count(database: Connection, tables: Sequence[tuple[Table, Since]]) -> list[tuple[int, int]]:
    """How many rows each table holds, and how many of them are new."""
    parts = (
        f"select {number}, count(*), count(*) filter (where {since.condition}) from only {table.name}"
        for number, (table, since) in enumerate(tables)
    )
    text = " union all ".join(parts)
    found = sorted(database.execute(text.encode(), prepare=False)) if text else []
    return [(rows, new) for _, rows, new in found]


def compare(database: Connection, table: Table, since: Since, kept: Rows, old: int) -> Delta:
    """What tells a table from its kept rows, when `old` of its rows are not new."""
    new = read_rows(database, table, since.condition)
    numbers = {place: number for number, place in enumerate(kept.places)} if len(new) else {}
    same = {
        numbers[place]
        for number, place in enumerate(new.places)
        if place in numbers and kept.row(numbers[place]) == new.row(number)
    }
    gone: list[int] = []
    if old + len(same) < len(kept):
        present = set(read_rows(database, Table(table.name, ()), f"not {since.condition}").places)
        gone = [n for n, place in enumerate(kept.places) if place not in present and n not in same]
    return Delta(_without(new, {kept.places[number] for number in same}), tuple(map(kept.row, gone)))


def _without(rows: Rows, places: set[int]) -> Rows:
    if not places:
        return rows
    left = [number for number in range(len(rows)) if rows.places[number] not in places]
    starts, at = array("Q"), 0
    for number in left:
        starts.append(at)
        at += len(rows.row(number))
    return Rows(b"".join(map(rows.row, left)), array("Q", (rows.places[n] for n in left)), starts)


def values(row: bytes) -> tuple[str, ...]:
    """The values of a row as texts, as COPY writes them."""
    return tuple(row.decode(errors="backslashreplace").removesuffix("\n").split("\t"))


def backwards(data: bytes) -> bytes:
    """The rows of a COPY, the last one first."""
    return b"".join(reversed(data.splitlines(keepends=True)))


def turn_added(before: bytes, data: bytes) -> bytes:
    """The rows that were added to those `before`, the last one first, and then these; as they are where others lie."""
    return backwards(data[len(before) :]) + before if data.startswith(before) else data
