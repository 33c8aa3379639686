"""How many rows did the LIMIT of a statement allow, with the values that it was executed with?"""

from __future__ import annotations

import re
from collections.abc import Sequence

from strop.regex import regex

_PLACE = r"(?P<{0}>\d+|\?|%s|%\(\w+\)s|:\w+|\$\d+)"
_LIMIT = regex(
    r"\bLIMIT\s+" + _PLACE.format("one") + r"(?:\s*,\s*" + _PLACE.format("two") + ")?", re.IGNORECASE
)
_UNNAMED = regex(r"\?|%s|__\[POSTCOMPILE_\w+\]")


def limit_of(text: str, parameters: Sequence[str]) -> int | None:
    """The value of the first LIMIT; None without one, or where the values don't tell.

    `parameters` are representations of the values in order, named ones as "name=value".
    """
    match = _LIMIT.search(text)
    if match is None:
        return None
    which = "two" if match["two"] else "one"  # MySQL: LIMIT offset, count
    word = match[which]
    if word.isdigit():
        return int(word)
    if word in ("?", "%s"):
        value = _unnamed(text, match.end(which), parameters)
    elif word.startswith("$"):
        value = _at(parameters, int(word[1:]) - 1)
    else:
        value = _named(word[1:] if word.startswith(":") else word[2:-2], parameters)
    return int(value) if value.isdigit() else None


def _unnamed(text: str, end: int, parameters: Sequence[str]) -> str:
    """Counted from the end, where no list of values has an unknown length."""
    after = _UNNAMED.findall(text, end)
    if any(word.startswith("__") for word in after):
        return ""
    return _at(parameters, len(parameters) - 1 - len(after))


def _at(parameters: Sequence[str], place: int) -> str:
    return parameters[place] if 0 <= place < len(parameters) else ""


def _named(name: str, parameters: Sequence[str]) -> str:
    pairs = (p.partition("=") for p in parameters)
    return next((value for key, _, value in pairs if key == name), "")
