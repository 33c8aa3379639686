"""What can be said of a statement from its words alone, when no parser reads it?"""

from __future__ import annotations

import re
from typing import Literal

from strop.regex import regex
from strop.sql.placeholder import neutral

_VERB = regex(r"[\s(]*([A-Za-z]+)")
_WRITES = regex(r"\b(INSERT|UPDATE|DELETE)\b", re.IGNORECASE)
_QUOTED = regex(r"'(?:[^']|'')*'")
_TABLE = regex(
    r"\b(?:FROM|JOIN|INTO|UPDATE)\s+((?:[\"`]?\w+[\"`]?\.)?[\"`]?[A-Za-z_]\w*[\"`]?)", re.IGNORECASE
)
_NOT_TABLES = {"select", "lateral", "only", "set", "unnest", "of", "skip"}

Verb = Literal["select", "insert", "update", "delete", "other"]
_VERBS: dict[str, Verb] = {
    "select": "select",
    "insert": "insert",
    "replace": "insert",
    "update": "update",
    "delete": "delete",
}


def verb(text: str) -> Verb:
    """What kind of statement it is, by its first word; a WITH is what its body writes, or a select."""
    match = _VERB.match(neutral(text))
    word = match.group(1).lower() if match else ""
    if word == "with":
        written = _WRITES.search(_QUOTED.sub("", text))
        return _VERBS[written.group(1).lower()] if written else "select"
    return _VERBS.get(word, "other")


def rough_tables(text: str) -> tuple[str, ...]:
    """Names that follow FROM, JOIN, INTO and UPDATE, unquoted and without schema, in order."""
    names = (m.group(1).split(".")[-1].strip('"`') for m in _TABLE.finditer(_QUOTED.sub("''", neutral(text))))
    return tuple(dict.fromkeys(n for n in names if n.lower() not in _NOT_TABLES))
