"""What does a statement read, and by which columns? One frozen value per text, parsed once."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from msgspec import Struct

from strop.sql.rough import rough_tables, verb

Kind = Literal["select", "insert", "update", "delete", "other"]
Comparison = Literal["equal", "range", "null", "flag", "other"]

_REMEMBERED = 4096  # distinct statements of one run; large applications have hundreds


class Use(Struct, frozen=True, order=True):
    """A column of a real table and how the statement uses it."""

    table: str
    column: str
    comparison: Comparison = "equal"


class Statement(Struct, frozen=True):
    """A statement as a value. Tables and columns are real names, aliases resolved, in order of appearance."""

    text: str
    kind: Kind
    tables: tuple[str, ...]  # every table that is read or written; the first is the one asked for
    aliases: tuple[tuple[str, str], ...] = ()  # name in the statement, real table
    joined: tuple[str, ...] = ()  # real tables that follow a JOIN, one entry each time
    selected: tuple[str, ...] = ()  # real tables whose columns the outermost SELECT answers with
    filters: tuple[Use, ...] = ()
    joins: tuple[Use, ...] = ()
    sorts: tuple[Use, ...] = ()
    groups: tuple[Use, ...] = ()
    aggregates: tuple[str, ...] = ()  # count, sum, ...
    limited: bool = False  # the outermost SELECT has a LIMIT
    limited_inside: bool = False  # a SELECT in its FROM has one
    distinct: bool = False
    parsed: bool = True  # False: read by words alone, columns unknown

    @property
    def table(self) -> str:
        """The table that is asked for: the first of FROM, or the one written; "" if there is none."""
        return self.tables[0] if self.tables else ""

    @property
    def aggregated(self) -> bool:
        """Whether the statement answers with aggregates alone, so with one row (or one a group)."""
        return bool(self.aggregates)

    def real(self, name: str) -> str:
        """The real table that `name` stands for in this statement, or `name` itself."""
        return dict(self.aliases).get(name.lower(), name)


@lru_cache(maxsize=_REMEMBERED)
def read_statement(text: str, dialect: str = "sqlite") -> Statement:
    """Read a statement as SQLAlchemy compiled it. Never raises: what can't be parsed is read by words."""
    kind = verb(text)
    if kind == "other":
        return Statement(text, kind, ())
    from strop.sql.tree import read_tree  # sqlglot takes a fifth of a second: only where a statement is read

    return read_tree(text, kind, dialect) or Statement(text, kind, rough_tables(text), parsed=False)
