"""Tables, relationships and engines, as SQLAlchemy or SQLModel mapped them."""

from __future__ import annotations

from msgspec import Struct

from strop.span import Span


class Column(Struct, frozen=True):
    """One column; `attribute` is the mapped name where it differs."""

    name: str
    type: str
    primary: bool = False
    nullable: bool = True
    unique: bool = False
    index: bool = False
    foreign_key: str = ""  # "customers.id"
    attribute: str = ""


class Index(Struct, frozen=True):
    """An index or unique constraint: its columns in order."""

    name: str
    columns: tuple[str, ...]
    unique: bool = False


class Table(Struct, frozen=True):
    """A table and the class that maps it ("" without one)."""

    name: str
    model: str  # "shop.models:Order"
    span: Span | None
    columns: tuple[Column, ...]
    indexes: tuple[Index, ...] = ()


class Relationship(Struct, frozen=True):
    """A mapped relationship."""

    owner: str  # class name: "Order"
    name: str
    target: str
    uselist: bool
    lazy: str  # select, joined, selectin, raise, ...
    span: Span | None = None  # where the owner's class assigns it
    order_by: str = ""
    module: str = ""  # module of the owner

    @property
    def key(self) -> str:
        """Owner and attribute: "Order.items"."""
        return f"{self.owner}.{self.name}"


class Engine(Struct, frozen=True):
    """An engine that the application made at import; the URL has no password."""

    url: str
    dialect: str
    driver: str
    is_async: bool
    pool: str
    pool_size: int
    max_overflow: int
    span: Span | None = None
    kept: bool = True  # False: of one function's own, which neither returns nor stores it; source reader only
