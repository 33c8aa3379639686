"""Other data than the user's own: rows cloned, flags turned, optional values taken away. As statements for SQLite.

Many a mistake shows only in data that nobody has yet: two rows of one name, a child of another owner, a null. What
the statements do follows from the rows alone, so every clone of a database ends in the same state.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from strop.project.table import Column, Table

CLONED = 20  # rows at either end of a table that get a twin
TEXTS = ("CHAR", "TEXT", "STRING", "ENUM", "UUID", "CLOB")
TIMES = ("DATETIME", "TIMESTAMP")

State = tuple[str, tuple[str, ...]]


def states(tables: Sequence[Table]) -> tuple[State, ...]:
    """Names of states and the statements that lead from each to the next, the first from the user's own."""
    return (
        ("clones", (*(_clone(table) for table in tables), *(s for t in tables for s in _flip(t)))),
        ("nulls", tuple(s for table in tables for s in _take_away(table))),
    )


def _clone(table: Table) -> str:
    """Twins with keys, unique values and times of their own, which belong to the owner before."""
    columns = [c for c in table.columns if not _is_given(table, c)]
    names = ", ".join(_quote(c.name) for c in columns)
    values = ", ".join(_twin(table, c) for c in columns)
    name = _quote(table.name)
    ends = " or rowid in ".join(
        f"(select rowid from {name} order by rowid {order} limit {CLONED})" for order in ("", "desc")
    )
    return f"insert or ignore into {name} ({names}) select {values} from {name} where rowid in {ends}"


def _is_given(table: Table, column: Column) -> bool:
    """Whether SQLite gives the value itself: the only key of its table, an integer."""
    alone = sum(c.primary for c in table.columns) == 1
    return column.primary and alone and "INT" in column.type.upper() and not column.foreign_key


def _twin(table: Table, column: Column) -> str:
    name, kind = _quote(column.name), column.type.upper()
    if column.foreign_key:
        parent, _, key = column.foreign_key.rpartition(".")
        key, parent = _quote(key), _quote(parent.rpartition(".")[2])
        own = f"{_quote(table.name)}.{name}"
        before = (
            f"(select max({key}) from {parent} where {key} < {own})"  # so the first, who logs in, gets some
        )
        return f"case when {name} is null then null else coalesce({before}, (select max({key}) from {parent})) end"
    if any(word in kind for word in TIMES):
        later = f"strftime('%Y-%m-%d %H:%M:%f', {name}, '+' || rowid || ' seconds')"
        return f"case when {name} like '____-__-__ __:__:__.______' then {later} || '000' else {name} end"
    unique = column.unique or any(i.unique and i.columns == (column.name,) for i in table.indexes)
    if column.primary and any(word in kind for word in TEXTS):
        return f"'c' || substr({name}, 2)"
    if unique or column.primary:
        return f"'c' || {name}" if any(word in kind for word in TEXTS) else f"{name} + 1000000"
    return name


def _flip(table: Table) -> Iterator[str]:
    """Every other row's flags the other way; the first row, often who logs in, keeps its own."""
    for column in table.columns:
        if column.type.upper().startswith("BOOL") and not column.primary:
            name = _quote(column.name)
            where = f"rowid % 2 = 0 and {name} in (0, 1)"
            yield f"update or ignore {_quote(table.name)} set {name} = 1 - {name} where {where}"


def _take_away(table: Table) -> Iterator[str]:
    for place, column in enumerate(c for c in table.columns if c.nullable and not c.primary):
        name = _quote(table.name)
        yield f"update or ignore {name} set {_quote(column.name)} = null where rowid % 3 = {1 + place % 2}"


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
