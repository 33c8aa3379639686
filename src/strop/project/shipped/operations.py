"""Which steps is a call of one of Alembic's operations, on `op` or within a table that is altered as a batch?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from strop.project.shipped.constants import UNKNOWN
from strop.project.shipped.statements import leading
from strop.project.shipped.steps import Step

_PARAMETERS = {  # in the order of `op`; within a batch there is no table
    "create_index": ("index_name", "table_name", "columns"),
    "create_unique_constraint": ("constraint_name", "table_name", "columns"),
    "create_primary_key": ("constraint_name", "table_name", "columns"),
    "drop_index": ("index_name", "table_name"),
    "drop_constraint": ("constraint_name", "table_name"),
    "add_column": ("table_name", "column"),
    "drop_column": ("table_name", "column_name"),
    "alter_column": ("table_name", "column_name"),
    "create_table": ("table_name",),
    "drop_table": ("table_name",),
    "rename_table": ("old_table_name", "new_table_name"),
}
OPERATIONS = frozenset(_PARAMETERS)


class Batch(Struct, frozen=True):
    """What `batch_alter_table` gives."""

    table: str


class Part(Struct, frozen=True):
    """What a table is made of: a column or a constraint; `made` are the names of columns that an index is made of."""

    name: str
    made: tuple[str, ...] = ()
    unique: bool = False


def part(kind: str, arguments: Sequence[Any], keywords: dict[str, Any]) -> Part:
    """A `Column`, `Index`, `UniqueConstraint` or `PrimaryKeyConstraint`."""
    texts = [each for each in arguments if isinstance(each, str)]
    if kind == "Column":
        unique, index = keywords.get("unique") is True, keywords.get("index") is True
        is_made = texts[:1] and (unique or index)
        return Part("", tuple(texts[:1]) if is_made else (), unique)
    if kind == "Index":
        return Part(_name(texts[:1]), leading(texts[1:]), keywords.get("unique") is True)
    return Part(_name([keywords.get("name")]), leading(texts), True)


def steps_of_call(
    operation: str, batch: Batch | None, arguments: Sequence[Any], keywords: dict[str, Any]
) -> Iterator[Step]:
    """The steps of one call, when the table that it is about is known."""
    names = _PARAMETERS[operation]
    if batch is not None:
        names = tuple(name for name in names if name != "table_name")
    given = {**dict(zip(names, arguments, strict=False)), **keywords}
    table = batch.table if batch is not None else _name([given.get("table_name")])
    name = _name([given.get("index_name", given.get("constraint_name"))])
    match operation:
        case "create_index" | "create_unique_constraint" | "create_primary_key":
            columns = given.get("columns")
            made = (
                leading([c if isinstance(c, str) else "" for c in columns])
                if isinstance(columns, list)
                else ()
            )
            unique = operation != "create_index" or keywords.get("unique") is True
            yield from _made(table, Part(name, made, unique))
        case "create_table" | "add_column":
            for each in (*arguments, *keywords.values()):
                yield from _made(table, each) if isinstance(each, Part) else ()
        case "drop_index" | "drop_constraint" if name:
            yield Step("drop", name=name)
        case "drop_table" if table:
            yield Step("drop table", table)
        case "drop_column" if table:
            yield Step("drop column", table, _name([given.get("column_name")]))
        case "alter_column" if table and (new := _name([given.get("new_column_name")])):
            yield Step("rename column", table, _name([given.get("column_name")]), to=new)
        case "rename_table":
            old, new = (_name([given.get(f"{which}_table_name")]) for which in ("old", "new"))
            if old and new:
                yield Step("rename table", old, to=new)


def _made(table: str, made: Part) -> Iterator[Step]:
    if table and made.made:
        yield Step("make", table, made.name, made.made, made.unique)


def _name(given: Sequence[Any]) -> str:
    """A name that is known, else ""."""
    known = [each for each in given if isinstance(each, str) and UNKNOWN not in each]
    return known[0] if known else ""
