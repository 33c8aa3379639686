"""Which tables and relationships did the application map, with SQLAlchemy or SQLModel?"""

from __future__ import annotations

import ast
import contextlib
import gc
import sys
import warnings
from collections.abc import Iterable
from typing import Any

from . import places

_LAZY = {True: "select", False: "joined", None: "noload"}


def describe_tables() -> list[dict[str, Any]]:
    """Every table of every metadata, in the shape of `strop.project.table.Table`."""
    if "sqlalchemy" not in sys.modules:
        return []
    from sqlalchemy import MetaData

    mappers: dict[Any, Any] = {}
    for mapper in _mappers():
        mappers.setdefault(mapper.local_table, mapper)
    tables: dict[str, Any] = {}
    library = {
        id(value)  # the system catalogues that dialects describe
        for name, module in list(sys.modules.items())
        if name.startswith("sqlalchemy.dialects.")
        for value in vars(module).values()
        if issubclass(type(value), MetaData)
    }
    for metadata in (each for each in gc.get_objects() if issubclass(type(each), MetaData)):
        for table in () if id(metadata) in library else metadata.tables.values():
            if table.fullname not in tables or table in mappers:
                tables[table.fullname] = table
    return [_describe_table(tables[name], mappers.get(tables[name])) for name in sorted(tables)]


def describe_relationships() -> list[dict[str, Any]]:
    """Every relationship at the class that owns it, in the shape of `strop.project.table.Relationship`."""
    return [
        _describe_relationship(mapper, each)
        for mapper in _mappers()
        for each in mapper.relationships
        if each.parent is mapper
    ]


def _mappers() -> list[Any]:
    """All mappers, base classes before those that inherit, by name."""
    if "sqlalchemy.orm" not in sys.modules:
        return []
    from sqlalchemy.orm import configure_mappers, registry

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with contextlib.suppress(Exception):  # the application meets it itself, later
            configure_mappers()
    registries = [each for each in gc.get_objects() if issubclass(type(each), registry)]
    mappers = {mapper for each in registries for mapper in each.mappers}
    return sorted(mappers, key=lambda each: (len(list(each.iterate_to_root())), places.name_of(each.class_)))


def _describe_table(table: Any, mapper: Any) -> dict[str, Any]:
    model = mapper.class_ if mapper is not None else None
    indexes = [
        {"name": str(each.name or ""), "columns": [_column_text(part) for part in each.expressions],
         "unique": bool(each.unique)}
        for each in table.indexes
    ]  # fmt: skip
    indexes += [
        {"name": str(each.name or ""), "columns": [part.name for part in each.columns], "unique": True}
        for each in table.constraints
        if type(each).__name__ == "UniqueConstraint"
    ]
    indexes.sort(key=lambda each: (each["name"], each["columns"]))
    return {
        "name": table.fullname,
        "model": places.name_of(model) if model is not None else "",
        "span": places.class_span(model) if model is not None else None,
        "columns": [_describe_column(each, mapper, indexes) for each in table.columns],
        "indexes": indexes,
    }


def _column_text(part: Any) -> str:
    name = getattr(part, "name", None)
    return str(name) if name is not None else str(part)


def _describe_column(column: Any, mapper: Any, indexes: Iterable[dict[str, Any]]) -> dict[str, Any]:
    single = [each for each in indexes if each["columns"] == [column.name]]
    keys = sorted(_target_of(each) for each in column.foreign_keys)
    return {
        "name": column.name,
        "type": _type_text(column.type),
        "primary": bool(column.primary_key),
        "nullable": bool(column.nullable),
        "unique": bool(column.unique) or any(each["unique"] for each in single),
        "index": bool(column.index) or bool(single),
        "foreign_key": keys[0] if keys else "",
        "attribute": _attribute(column, mapper),
    }


def _target_of(key: Any) -> str:
    return str(key.target_fullname)


def _type_text(kind: Any) -> str:
    try:
        return str(kind)
    except Exception:  # a type that only one dialect can spell
        return type(kind).__name__


def _attribute(column: Any, mapper: Any) -> str:
    if mapper is None:
        return ""
    try:
        key = mapper.get_property_by_column(column).key
    except Exception:  # a column that the class excludes
        return ""
    return "" if key == column.name else str(key)


def _describe_relationship(mapper: Any, relation: Any) -> dict[str, Any]:
    owner = mapper.class_
    order = relation.order_by or ()
    return {
        "owner": owner.__name__,
        "name": relation.key,
        "target": relation.mapper.class_.__name__,
        "uselist": bool(relation.uselist),
        "lazy": str(_LAZY.get(relation.lazy, relation.lazy)),
        "span": _relationship_span(owner, relation.key),
        "order_by": ", ".join(str(each) for each in order),
        "module": owner.__module__,
    }


def _relationship_span(owner: type, name: str) -> places.Span | None:
    """Where the class, or the mixin it comes from, assigns the relationship; None for a backref."""
    found = places.attribute_line(owner, name)
    if found is None:
        return None
    cls, statement = found
    path, _ = places.class_node(cls)
    first = (
        statement.decorator_list[0]
        if isinstance(statement, ast.FunctionDef) and statement.decorator_list
        else statement
    )
    return {
        "file": places.relative(path),
        "line": first.lineno,
        "symbol": cls.__qualname__,
        "end_line": statement.end_lineno or 0,
    }
