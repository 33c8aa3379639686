"""What the class bodies of one file map, as plain values: the first of two steps to tables and relationships."""

from __future__ import annotations

from msgspec import Struct

from strop.project.table import Index
from strop.span import Span


class MappedColumn(Struct, frozen=True, array_like=True, gc=False):
    """One column as a class body or a `Table(...)` declares it; "" and None where it says nothing."""

    attribute: str
    name: str = ""  # where it differs from the attribute
    type: str = ""  # as SQL: "VARCHAR(30)"
    primary: bool = False
    nullable: bool | None = None
    unique: bool = False
    index: bool = False
    foreign_key: str = ""  # "customers.id", or "@shop.models.Customer.id" for an attribute of a class
    plain: bool = False  # annotated alone: a column where the class is a table of SQLModel


class MappedRelation(Struct, frozen=True, array_like=True, gc=False):
    """One relationship as a class body declares it."""

    name: str
    span: Span
    target: str = ""  # last name of the class
    many: bool | None = None  # None where only the foreign keys tell
    lazy: str = "select"
    order_by: str = ""
    secondary: bool = False
    to_one: bool = False  # remote_side names the other row's key
    back: str = ""  # name of the relationship that `backref` makes on the target
    back_lazy: str = "select"
    back_many: bool | None = None
    keys: tuple[str, ...] = ()  # names in foreign_keys=, with their classes where written


class MappedClass(Struct, frozen=True, array_like=True, gc=False):
    """A class that maps a table, or lends columns to those that do."""

    name: str  # dotted
    module: str
    qualname: str
    span: Span
    lineage: tuple[str, ...]  # dotted names of the project's classes, itself first
    library: tuple[str, ...]  # dotted names of library bases
    table: str = ""  # of `__tablename__`, or of `__table__`
    named_by: str = (
        ""  # how a generated `__tablename__` follows from the class: "lower", "snake", with a suffix
    )
    schema: str = ""
    abstract: bool = False
    sqlmodel: bool = False
    is_table: bool = False  # `table=True` of SQLModel
    columns: tuple[MappedColumn, ...] = ()
    relations: tuple[MappedRelation, ...] = ()
    indexes: tuple[Index, ...] = ()
    keys: tuple[tuple[str, str], ...] = ()  # of ForeignKeyConstraint: column and target
    primary: tuple[str, ...] = ()  # of PrimaryKeyConstraint


class MappedTable(Struct, frozen=True, array_like=True, gc=False):
    """A `Table(...)` that stands by itself: most often between two others."""

    variable: str  # dotted
    name: str
    schema: str = ""
    columns: tuple[MappedColumn, ...] = ()
    indexes: tuple[Index, ...] = ()
    keys: tuple[tuple[str, str], ...] = ()
    primary: tuple[str, ...] = ()


class Mapped(Struct, frozen=True, array_like=True, gc=False):
    """What one file maps."""

    classes: tuple[MappedClass, ...] = ()
    tables: tuple[MappedTable, ...] = ()
    indexes: tuple[
        tuple[str, Index], ...
    ] = ()  # made outside a class: dotted name of the class, and the index
