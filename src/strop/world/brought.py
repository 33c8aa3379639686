"""Migrations that a change brings: its side runs them on its own copy of the database, and has columns that the base lacks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from strop.cell import RowChange
from strop.world import git
from strop.world.redis_state import TABLE

if TYPE_CHECKING:
    from strop.world.instance import Instance

LIMIT = 120.0  # seconds for the migrations

Columns = Mapping[str, Sequence[str]]  # of each table


@dataclass
class Brought:
    """The files of new migrations, relative to the project's folder, and the columns that the base has."""

    files: tuple[str, ...]
    known: Columns
    failed: str = ""  # what Alembic said last
    new: dict[str, set[str]] = field(default_factory=dict)  # columns by table; that of a new table is ""

    def run(self, instance: Instance) -> None:
        """Run them in an instance whose revision has them."""
        if not self.files or not set(self.files) <= {*git.changed(Path(instance.root), "A")}:
            return
        python = instance.world.target.python
        done = instance.run([python, "-m", "alembic", "upgrade", "head"], LIMIT)
        if done.status:
            self.failed = (done.err.strip().splitlines() or ["no message"])[-1]

    def compared(self, rows: tuple[RowChange, ...]) -> tuple[RowChange, ...]:
        """The rows without what the base can't have; what that is is noted."""
        if not self.files:
            return rows
        known = [row for row in map(self._known, rows) if row is not None]
        # a row in which nothing else changed is no change to the base
        added, removed = (
            Counter((r.table, r.values) for r in known if r.kind == k) for k in ("added", "removed")
        )
        both = added & removed
        return tuple(row for row in known if (row.table, row.values) not in both)

    def _known(self, row: RowChange) -> RowChange | None:
        if row.table.startswith(TABLE):  # a key of Redis: no migration makes it
            return row
        if row.table not in self.known:
            self.new.setdefault(row.table, set()).add("")
            return None
        known = {*self.known[row.table], "times"}  # which says how often a row is there
        self.new.setdefault(row.table, set()).update(name for name, _ in row.values if name not in known)
        return RowChange(row.table, row.kind, tuple(pair for pair in row.values if pair[0] in known))

    def told(self) -> tuple[str, ...]:
        """What was written that the base can't have: "item.note", "the table log"."""
        found = [
            f"{table}.{column}" if column else f"the table {table}"
            for table, columns in sorted(self.new.items())
            for column in sorted(columns)
        ]
        return tuple(found)
