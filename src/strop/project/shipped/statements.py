"""Which steps is a text of SQL? Statements that make, drop and rename indexes, tables and columns; others say nothing here.

Read by patterns: a revision's text has parts that only a run knows (a schema, a name), so no parser would take it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from strop.project.shipped.constants import UNKNOWN
from strop.project.shipped.steps import Step
from strop.regex import regex

_NAME = r"\0*(?:[\w\"`\[\]\0]+\.)*[\"`\[]?(?P<{}>[\w\0]+)[\"`\]]?"
_MAKE = regex(
    r"\bCREATE\s+(?P<unique>UNIQUE\s+)?INDEX\s+(?:CONCURRENTLY\s+)?(?:IF\s+NOT\s+EXISTS\s+)?"
    + _NAME.format("name")
    + r"\s+ON\s+(?:ONLY\s+)?"
    + _NAME.format("table")
    + r"\s*(?:USING\s+\w+\s*)?\((?P<columns>(?:[^()]|\([^()]*\))*)\)",
    re.IGNORECASE,
)
_ADD = regex(
    r"\bALTER\s+TABLE\s+(?:ONLY\s+)?(?:IF\s+EXISTS\s+)?"
    + _NAME.format("table")
    + r"\s+ADD\s+(?:CONSTRAINT\s+"
    + _NAME.format("name")
    + r"\s+)?(?:UNIQUE|PRIMARY\s+KEY)\s*(?:INDEX\s*)?\((?P<columns>[^()]*)\)",
    re.IGNORECASE,
)
_DROP = regex(
    r"\bDROP\s+(?:INDEX|CONSTRAINT)\s+(?:CONCURRENTLY\s+)?(?:IF\s+EXISTS\s+)?" + _NAME.format("name"),
    re.IGNORECASE,
)
_DROP_TABLE = regex(  # at the beginning of a statement: a publication drops tables, too
    r"(?:\A|[;']|\b(?:BEGIN|THEN|ELSE|LOOP)\b)\s*DROP\s+TABLE\s+(?:IF\s+EXISTS\s+)?" + _NAME.format("table"),
    re.IGNORECASE,
)
_DROP_COLUMN = regex(
    r"\bALTER\s+TABLE\s+(?:ONLY\s+)?(?:IF\s+EXISTS\s+)?"
    + _NAME.format("table")
    + r"\s+DROP\s+COLUMN\s+(?:IF\s+EXISTS\s+)?"
    + _NAME.format("name"),
    re.IGNORECASE,
)
_RENAME = regex(
    r"\bALTER\s+(?P<what>INDEX|TABLE)\s+(?:ONLY\s+)?(?:IF\s+EXISTS\s+)?"
    + _NAME.format("name")
    + r"\s+RENAME\s+(?:(?P<part>COLUMN|CONSTRAINT)\s+"
    + _NAME.format("old")
    + r"\s+)?TO\s+"
    + _NAME.format("new"),
    re.IGNORECASE,
)
_COLUMN = regex(r"[\"`\[]?(\w+)[\"`\]]?(?:\s+(?:ASC|DESC|NULLS\s+\w+|COLLATE\s+\S+|\w+_ops))*", re.IGNORECASE)
_COMMA = regex(r",(?![^()]*\))")


def steps_of(text: str) -> Iterator[Step]:
    """The steps in the order of the text."""
    found = [(m.start(), step) for m in _MAKE.finditer(text) if (step := _make(m, bool(m["unique"])))]
    found += [(m.start(), step) for m in _ADD.finditer(text) if (step := _make(m, True))]
    found += [(m.start(), Step("drop", name=m["name"])) for m in _DROP.finditer(text)]
    found += [(m.start(), Step("drop table", m["table"])) for m in _DROP_TABLE.finditer(text)]
    found += [(m.start(), Step("drop column", m["table"], m["name"])) for m in _DROP_COLUMN.finditer(text)]
    found += [(m.start(), _rename(m)) for m in _RENAME.finditer(text)]
    for _, step in sorted(found, key=lambda pair: pair[0]):
        yield step


def column_of(text: str) -> str:
    """The column that a part of an index is: "created_at DESC"; "" for an expression."""
    match = _COLUMN.fullmatch(text.strip())
    return match[1] if match else ""


def leading(texts: list[str]) -> tuple[str, ...]:
    """The columns of an index up to its first expression, behind which it finds nothing by a column alone."""
    columns = [column_of(text) for text in texts]
    return tuple(columns[: columns.index("")] if "" in columns else columns)


def _make(match: re.Match[str], unique: bool) -> Step | None:
    columns = leading(_COMMA.split(match["columns"]))
    known = UNKNOWN not in match["table"] and columns
    name = match["name"] if match["name"] and UNKNOWN not in match["name"] else ""
    return Step("make", match["table"], name, columns, unique) if known else None


def _rename(match: re.Match[str]) -> Step:
    match match["what"].upper(), (match["part"] or "").upper():
        case "INDEX", _:
            return Step("rename", name=match["name"], to=match["new"])
        case _, "CONSTRAINT":
            return Step("rename", name=match["old"], to=match["new"])
        case _, "COLUMN":
            return Step("rename column", match["name"], match["old"], to=match["new"])
    return Step("rename table", match["name"], to=match["new"])
