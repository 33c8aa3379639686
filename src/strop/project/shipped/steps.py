"""What does a revision do to the indexes of tables, step by step, and what is left when all have run?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from strop.project.table import Index

Do = Literal[
    "make", "drop", "rename", "drop table", "rename table", "drop column", "rename column"
]  # what is done


class Step(Struct, frozen=True):
    """One change. `name` is of the index; of the column where one is dropped or renamed; `to` is a new name."""

    do: Do
    table: str = ""
    name: str = ""
    columns: tuple[str, ...] = ()
    unique: bool = False
    to: str = ""


class Schema:
    """The indexes and unique constraints of all tables while revisions run."""

    def __init__(self) -> None:
        self._made: list[tuple[str, Index]] = []  # by the name of the table

    def run(self, steps: Iterable[Step]) -> None:
        """Take in what one revision does."""
        for step in steps:
            self._take(step)

    def _take(self, step: Step) -> None:
        match step.do:
            case "make":
                self._made.append((step.table, Index(step.name, step.columns, step.unique)))
            case "drop":
                self._made = [(t, i) for t, i in self._made if not _is_called(t, i, step.name)]
            case "rename":
                self._made = [
                    (t, replace(i, name=step.to) if i.name == step.name else i) for t, i in self._made
                ]
            case "drop table":
                self._made = [(t, i) for t, i in self._made if t != step.table]
            case "rename table":
                self._made = [(step.to if t == step.table else t, i) for t, i in self._made]
            case "drop column":
                self._made = [(t, i) for t, i in self._made if t != step.table or step.name not in i.columns]
            case "rename column":
                self._made = [(t, _renamed(i, step) if t == step.table else i) for t, i in self._made]

    def indexes(self) -> tuple[tuple[str, Index], ...]:
        """What is left, by the name of the table."""
        return tuple(dict.fromkeys(self._made))


def _is_called(table: str, index: Index, name: str) -> bool:
    """Whether an index has this name, be it the one that PostgreSQL gives to what has none."""
    columns = "_".join(index.columns)
    return name == (index.name or f"{table}_{columns}_key") or (
        not index.name and name == f"ix_{table}_{columns}"
    )


def _renamed(index: Index, step: Step) -> Index:
    return replace(index, columns=tuple(step.to if c == step.name else c for c in index.columns))
