"""In which order do rows come that an ORDER BY of SQLite leaves equal? In reverse, where the world is turned around.

`reverse_unordered_selects` turns around only queries without an ORDER BY. The others get one more term, a number
in the order in which rows are read: with that pragma on they are read in reverse for it, but for groups.
"""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_TOKEN = re.compile(
    r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|\[[^\]]*\]|--[^\n]*|/\*.*?\*/|[();]|\w+", re.DOTALL
)
_NUMBER = "\n, row_number() over ()"
_COMPOUND = frozenset({"UNION", "INTERSECT", "EXCEPT"})


@dataclass
class _Part:
    """What lies between two parentheses, or outside of all."""

    first: str = ""
    last: str = ""
    ordered: bool = False
    grouped: bool = False
    fixed: bool = False  # DISTINCT or compound: no term may be added

    def read(self, word: str) -> None:
        self.first = self.first or word
        self.ordered |= self.first in ("SELECT", "WITH") and (self.last, word) == ("ORDER", "BY")
        self.grouped |= (self.last, word) == ("GROUP", "BY")
        self.fixed |= word in _COMPOUND or (self.last, word) == ("SELECT", "DISTINCT")
        self.last = word

    def end(self) -> str:
        """The term to add where the ORDER BY ends."""
        term = _NUMBER + (" desc" if self.grouped else "") if self.ordered and not self.fixed else ""
        self.ordered = False
        return term


@lru_cache(maxsize=1000)
def turn(statement: str) -> str:
    """The statement, a query, with the ties of every ORDER BY in it turned around."""
    parts, pieces, done = [_Part()], [], 0
    for token in _TOKEN.finditer(statement):
        word = token.group().upper()
        added = parts[-1].end() if word in (")", ";", "LIMIT") else ""
        if added:
            pieces += [statement[done : token.start()], added, " "]
            done = token.start()
        if word == "(":
            parts[-1].read(word)
            parts.append(_Part())
        elif word == ")":
            parts = parts[:-1] or [_Part()]
        elif word[0].isalnum() or word[0] == "_":
            parts[-1].read(word)
        if len(parts) == 1 and parts[0].first not in ("SELECT", "WITH"):
            return statement
    return "".join([*pieces, statement[done:], parts[-1].end()])


def connection_class(base: type[sqlite3.Connection]) -> type[sqlite3.Connection]:
    """A connection whose cursors turn ties around."""

    class Turned(base):  # type: ignore[misc, valid-type]  # a base that the application chooses
        def cursor(self, factory: Any = sqlite3.Cursor) -> Any:
            return super().cursor(_cursor_class(factory) if isinstance(factory, type) else factory)

        def execute(self, sql: str, *parameters: Any) -> Any:
            return self.cursor().execute(sql, *parameters)

    return Turned


@lru_cache(maxsize=20)
def _cursor_class(base: type[sqlite3.Cursor]) -> type[sqlite3.Cursor]:
    class Turned(base):  # type: ignore[misc, valid-type]
        def execute(self, sql: str, *parameters: Any) -> Any:
            turned = turn(sql)
            if turned != sql:
                try:
                    return super().execute(turned, *parameters)
                except sqlite3.OperationalError:  # a place where no window function may stand
                    pass
            return super().execute(sql, *parameters)

    return Turned
