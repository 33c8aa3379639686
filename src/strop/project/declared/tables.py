"""Which tables do all files together map? The second step: classes with what they inherit, and tables between."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from msgspec import Struct, field

from strop.project.declared.mapped import Mapped, MappedClass, MappedColumn, MappedTable
from strop.project.table import Column, Index, Table


class _Building(Struct):
    """A table while its parts are gathered."""

    name: str
    model: MappedClass | None
    columns: dict[str, MappedColumn] = field(default_factory=dict)
    indexes: list[Index] = field(default_factory=list)
    keys: dict[str, str] = field(default_factory=dict)
    primary: tuple[str, ...] = ()


class Models:
    """The mapped classes of all files, linked: which table each has, which classes lend to it."""

    def __init__(self, mapped: Iterable[Mapped]) -> None:
        files = tuple(mapped)
        self.classes = {c.name: c for file in files for c in file.classes}
        self.objects = tuple(t for file in files for t in file.tables)
        self.outside = tuple(pair for file in files for pair in file.indexes)
        self._tables: dict[str, str] = {}

    def mapped(self) -> list[MappedClass]:
        """The classes that have a table, bases before those that inherit from them."""
        found = [c for c in self.classes.values() if self.table(c)]
        return sorted(found, key=lambda c: (len(c.lineage), c.name))

    def table(self, model: MappedClass) -> str:
        """The full name of a class's table; "" for a mixin, an abstract base, a plain schema."""
        if model.name not in self._tables:
            self._tables[model.name] = ""  # a cycle ends here
            self._tables[model.name] = self._table(model)
        return self._tables[model.name]

    def _table(self, model: MappedClass) -> str:
        if model.abstract or (model.sqlmodel and not model.is_table):
            return ""
        below = len(model.lineage) == 1 and any(b.endswith(".DeclarativeBase") for b in model.library)
        is_root = (
            below and not model.table
        )  # below `declarative_base()`, which is no class of the project, it has one
        if is_root or (model.named_by and not model.table) or not self.has_columns(model):
            return ""
        name = model.table or self._named(model) or ("lower:" if model.sqlmodel else "")
        if name:
            name = _follow(name, model) if not model.table and ":" in name else name
            schema = next((c.schema for c in self.lineage(model) if c.schema), "")
            return f"{schema}.{name}" if schema else name
        parents = (self.classes[n] for n in model.lineage[1:] if n in self.classes)
        return next((t for parent in parents if (t := self.table(parent))), "")  # one table for a hierarchy

    def _named(self, model: MappedClass) -> str:
        return next((c.named_by for c in self.lineage(model) if c.named_by), "")

    def has_columns(self, model: MappedClass) -> bool:
        """Whether there is a key to find rows by: without one a class maps nothing."""
        return any(c.primary for each in self.lineage(model) for c in each.columns) or any(
            each.primary or each.table for each in self.lineage(model)
        )

    def lineage(self, model: MappedClass) -> list[MappedClass]:
        """The class and what it inherits from, as far as that declares something."""
        return [self.classes[name] for name in model.lineage if name in self.classes]

    def lenders(self, model: MappedClass) -> list[MappedClass]:
        """The class and the mixins and abstract bases whose columns it has in its own table."""
        own = self.table(model)
        return [c for c in self.lineage(model) if self.table(c) in ("", own)]


def _follow(naming: str, model: MappedClass) -> str:
    """A generated table name."""
    kind, _, suffix = naming.partition(":")
    plain = model.qualname.rpartition(".")[2]
    if kind == "lower":
        return plain.lower() + suffix
    if kind == "same":
        return plain + suffix
    return re.sub(r"(?<!^)(?=[A-Z][a-z])|(?<=[a-z0-9])(?=[A-Z])", "_", plain).lower() + suffix


def tables(models: Models) -> tuple[Table, ...]:
    """Every table, by name."""
    building: dict[str, _Building] = {}
    for item in models.objects:
        _add_object(building, item)
    for model in models.mapped():
        _add_model(models, building, model)
    for owner, index in models.outside:
        outer = models.classes.get(owner)
        if outer is not None and models.table(outer) in building:
            building[models.table(outer)].indexes.append(index)
    links = {c.name: models.table(c) for c in models.classes.values()}
    return tuple(_table(models, building[name], links) for name in sorted(building))


def _add_object(building: dict[str, _Building], item: MappedTable) -> None:
    name = f"{item.schema}.{item.name}" if item.schema else item.name
    if name and name not in building:
        columns = {c.name: c for c in item.columns}
        building[name] = _Building(name, None, columns, list(item.indexes), dict(item.keys), item.primary)


def _add_model(models: Models, building: dict[str, _Building], model: MappedClass) -> None:
    name = models.table(model)
    made = building.setdefault(name, _Building(name, model))
    made.model = made.model or model
    gathered: dict[str, MappedColumn] = {}
    for lender in models.lenders(model):
        for column in lender.columns:
            gathered.setdefault(column.attribute, column)
        made.indexes.extend(i for i in lender.indexes if i not in made.indexes)
        made.keys |= dict(lender.keys)
        made.primary = made.primary or lender.primary
    for attribute, column in gathered.items():
        made.columns.setdefault(column.name or attribute, column)


def _table(models: Models, made: _Building, links: Mapping[str, str]) -> Table:
    columns = dict(made.columns)
    indexes = [_renamed(i, columns) for i in made.indexes]
    for name, column in columns.items():
        if column.index:
            indexes.append(Index(f"ix_{made.name.replace('.', '_')}_{name}", (name,), column.unique))
        elif column.unique:
            indexes.append(Index("", (name,), True))
    indexes = sorted(set(indexes), key=lambda i: (i.name, i.columns))
    made_columns = tuple(_column(models, made, n, c, indexes, links) for n, c in columns.items())
    model = made.model
    name = f"{model.module}:{model.qualname}" if model is not None else ""
    return Table(made.name, name, model.span if model is not None else None, made_columns, tuple(indexes))


def _renamed(index: Index, columns: Mapping[str, MappedColumn]) -> Index:
    """Indexes may name attributes; the table has columns."""
    names = {c.attribute: n for n, c in columns.items()}
    return Index(
        index.name, tuple(c if c in columns else names.get(c, c) for c in index.columns), index.unique
    )


def _column(
    models: Models,
    made: _Building,
    name: str,
    column: MappedColumn,
    indexes: list[Index],
    links: Mapping[str, str],
) -> Column:
    single = [i for i in indexes if i.columns == (name,)]
    primary = column.primary or name in made.primary
    key = _pointed(models, column.foreign_key or made.keys.get(name, ""), links)
    nullable = column.nullable if column.nullable is not None else not primary
    return Column(
        name,
        column.type or _type_of(models, key, 4),
        primary,
        nullable and not primary,
        column.unique or any(i.unique for i in single),
        column.index or bool(single),
        key,
        column.attribute if column.attribute not in ("", name) else "",
    )


def _pointed(models: Models, key: str, links: Mapping[str, str]) -> str:
    """A foreign key as "table.column"."""
    if not key.startswith("@"):
        return key
    owner, _, attribute = key[1:].rpartition(".")
    table = links.get(owner, "")
    return f"{table}.{_column_name(models, owner, attribute)}" if table else ""


def _column_name(models: Models, owner: str, attribute: str) -> str:
    model = models.classes.get(owner)
    for lender in models.lineage(model) if model is not None else ():
        for column in lender.columns:
            if column.attribute == attribute:
                return column.name or attribute
    return attribute


def _type_of(models: Models, key: str, depth: int) -> str:
    """A foreign key without a type of its own has that of the column it points at."""
    table, _, name = key.rpartition(".")
    for model in models.mapped() if key and depth else ():
        if models.table(model) == table:
            for column in _own_columns(models, model):
                if (column.name or column.attribute) == name:
                    return column.type or _type_of(models, column.foreign_key, depth - 1)
    return ""


def _own_columns(models: Models, model: MappedClass) -> Iterator[MappedColumn]:
    for lender in models.lenders(model):
        yield from lender.columns
