"""Which indexes do Alembic's revisions make that the models don't declare?

The text of `upgrade` is read, nothing is run. An index that some revision drops again by its name counts as gone
when it is dropped as often as it is made.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from strop.project.table import Index, Table

_NAME = r"""(?:\w+\.f\(\s*)?["'](?P<name>[\w.]+)["']\s*\)?"""
_COLUMNS = r"\[(?P<columns>[^\]]*)\]"
_MADE = re.compile(
    r"\.create_(?P<how>index|unique_constraint|primary_key)\(\s*(?:\w+\s*=\s*)?(?:None|"
    + _NAME
    + r""")\s*,\s*(?:(?:table_name\s*=\s*)?["'](?P<table>\w+)["']\s*,\s*)?(?:columns\s*=\s*)?"""
    + _COLUMNS
    + r"(?P<rest>[^)]*)"
)
_WITHIN = re.compile(
    r"""(?:sa|sqlalchemy|sqlmodel)?\.?\b(?P<how>Index|UniqueConstraint|PrimaryKeyConstraint)\(\s*(?P<given>[^()]*)\)"""
)
_AROUND = re.compile(r"""\.(?:create_table|batch_alter_table)\(\s*(?:\w+\.f\(\s*)?["'](?P<table>\w+)["']""")
_SQL = re.compile(
    r"CREATE\s+(?P<unique>UNIQUE\s+)?INDEX\s+(?:CONCURRENTLY\s+)?(?:IF\s+NOT\s+EXISTS\s+)?(?P<name>[\w\"]+)\s+ON\s+(?:ONLY\s+)?"
    r"(?:[\w\"]+\.)?(?P<table>[\w\"]+)\s*(?:USING\s+\w+\s*)?\((?P<columns>[^()]*)\)",
    re.IGNORECASE,
)
_DROPPED = re.compile(
    r"""\.drop_(?:index|constraint)\(\s*(?:index_name\s*=\s*|constraint_name\s*=\s*)?(?:\w+\.f\(\s*)?["'](?P<name>\w+)["']"""
)
_QUOTED = re.compile(r"""["'](\w+)["']""")


@dataclass(slots=True)
class Migrated:
    """What all revisions make and drop."""

    made: list[tuple[str, Index]] = field(default_factory=list)  # by the name of the table
    dropped: Counter[str] = field(default_factory=Counter)

    def read(self, text: str) -> None:
        """Take in one revision."""
        upgrade = text.partition("def downgrade")[0]
        self.dropped.update(found["name"] for found in _DROPPED.finditer(upgrade))
        for found in _MADE.finditer(upgrade):
            table = found["table"] or _table_around(upgrade, found.start())
            unique = found["how"] != "index" or "unique=True" in found["rest"].replace(" ", "")
            self._add(table, found["name"] or "", _QUOTED.findall(found["columns"]), unique=unique)
        for found in _WITHIN.finditer(upgrade):
            names = _QUOTED.findall(re.sub(r"\w+\s*=[^,]*", "", found["given"]))
            is_index = found["how"] == "Index"
            name, columns = (names[0], names[1:]) if is_index and names else ("", names)
            self._add(_table_around(upgrade, found.start()), name, columns, unique=not is_index)
        for found in _SQL.finditer(upgrade):
            columns = [word.split()[0].strip('"') for word in found["columns"].split(",") if word.split()]
            self._add(
                found["table"].strip('"'), found["name"].strip('"'), columns, unique=bool(found["unique"])
            )

    def _add(self, table: str, name: str, columns: list[str], *, unique: bool) -> None:
        if table and columns:
            self.made.append((table, Index(name, tuple(columns), unique)))

    def indexes(self) -> tuple[tuple[str, Index], ...]:
        """What is left, by the name of the table."""
        made = Counter(index.name for _, index in self.made if index.name)
        return tuple(
            dict.fromkeys(
                (table, index)
                for table, index in self.made
                if not index.name or self.dropped[index.name] < made[index.name]
            )
        )


def _table_around(text: str, place: int) -> str:
    """The table that was last begun before a place: by `create_table` or `batch_alter_table`."""
    before = [found["table"] for found in _AROUND.finditer(text, 0, place)]
    return before[-1] if before else ""


def is_revision(name: str, folder: str) -> bool:
    """Whether a file lies where Alembic keeps its revisions."""
    return name.endswith(".py") and "/versions/" in f"/{folder}/" and not name.startswith("__")


def with_migrated(tables: Iterable[Table], migrated: Iterable[tuple[str, Index]]) -> tuple[Table, ...]:
    """The tables with the indexes that only a revision makes."""
    by_table: Mapping[str, list[Index]] = defaultdict(list)
    for name, index in migrated:
        by_table[name].append(index)
    return tuple(_with(table, by_table.get(table.name.rpartition(".")[2], [])) for table in tables)


def _with(table: Table, more: list[Index]) -> Table:
    columns = {column.name for column in table.columns}
    known = {index.columns for index in table.indexes}
    added = tuple(i for i in more if set(i.columns) <= columns and i.columns not in known)
    return replace(table, indexes=(*table.indexes, *added)) if added else table
