"""Which indexes do Alembic's revisions make that the models don't declare?

Of each history those count that an upgrade to its heads runs, in that order; what a later one drops is gone.
Nothing is run. Django's migrations are none: their models say the same.
"""

from __future__ import annotations

from ast import Module
from collections import defaultdict
from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from strop.project.parse import parse_text
from strop.project.shipped.revisions import Revision, histories, read_revision
from strop.project.shipped.steps import Schema, Step
from strop.project.shipped.upgrade import read_upgrade
from strop.project.table import Index, Table


class Migrated:
    """All revisions with what they do."""

    def __init__(self) -> None:
        self._read: dict[Revision, tuple[Step, ...]] = {}

    def read(self, file: str, text: str) -> None:
        """Take in one file of a folder of revisions; one that is none, or can't be read, says nothing."""
        if "revision" not in text:
            return
        tree = parse_text(file, text).tree
        if tree is None:
            return
        revision = read_revision(file, tree)
        if revision is not None:
            self._read[revision] = _steps(tree)

    def indexes(self) -> tuple[tuple[str, Index], ...]:
        """What is left at the heads, by the name of the table."""
        found: list[tuple[str, Index]] = []
        for history in histories(tuple(self._read)):
            schema = Schema()
            for revision in history:
                schema.run(self._read[revision])
            found.extend(schema.indexes())
        return tuple(dict.fromkeys(found))


def _steps(tree: Module) -> tuple[Step, ...]:
    try:
        return read_upgrade(tree)
    except RecursionError:
        return ()


def with_migrated(tables: Iterable[Table], migrated: Iterable[tuple[str, Index]]) -> tuple[Table, ...]:
    """The tables with the indexes that only a revision makes."""
    by_table: Mapping[str, list[Index]] = defaultdict(list)
    for name, index in migrated:
        by_table[name].append(index)
    return tuple(_with(table, by_table.get(table.name.rpartition(".")[2], [])) for table in tables)


def _with(table: Table, more: list[Index]) -> Table:
    columns = {column.name for column in table.columns}
    known = {index.columns for index in table.indexes}
    known.add(tuple(column.name for column in table.columns if column.primary))
    added = tuple(i for i in more if set(i.columns) <= columns and i.columns not in known)
    return replace(table, indexes=(*table.indexes, *added)) if added else table
