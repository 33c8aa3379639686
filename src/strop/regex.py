"""Regular expressions that are compiled when they are first asked.

A review knows some 300 of them; after an edit of one file it asks a few dozen, and compiling the others would be a
twentieth of its time.
"""

from __future__ import annotations

import re
from typing import Any, cast


class _Waiting:
    """An expression that nobody has asked yet; after that the methods of the compiled one stand in it."""

    def __init__(self, text: str, flags: int) -> None:
        self._text = text
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        compiled = re.compile(self._text, self._flags)
        for each in (
            "search",
            "match",
            "fullmatch",
            "findall",
            "finditer",
            "sub",
            "subn",
            "split",
            "pattern",
            "flags",
        ):
            setattr(self, each, getattr(compiled, each))
        return getattr(compiled, name)


def regex(text: str, flags: int = 0) -> re.Pattern[str]:
    """An expression for a table of a module. Raises `re.error` when it is first asked, not here."""
    return cast(re.Pattern[str], _Waiting(text, flags))
