"""Which findings does the source itself say to ignore? Comments `# strop: ignore[CODE, CODE] reason`."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator, Sequence

from msgspec import Struct

from strop.regex import regex

WORD = "strop"
COMMENT = regex(r"#\s*strop\s*:\s*ignore\b\s*(?:\[([^\]]*)\])?[\s:—–-]*(.*)", re.IGNORECASE)
_DEFINITION = regex(r"\s*(?:async\s+def|def|class)\b")


class Ignore(Struct, frozen=True):
    """One such comment. It speaks for the lines `first` to `last`; without codes it says nothing."""

    line: int
    codes: tuple[str, ...]  # as written
    reason: str
    first: int
    last: int


def read_ignores(lines: Sequence[str], python: bool = True) -> tuple[Ignore, ...]:
    """The comments in these lines of a file. In Python, what only looks like one inside a string is none."""
    found = [(number, match) for number, line in enumerate(lines, 1) if (match := COMMENT.search(line))]
    if found and python:
        comments = _comments(lines)
        found = [
            (number, match) for number, match in found if comments.get(number, match.start()) <= match.start()
        ]
    return tuple(_ignore(lines, number, match) for number, match in found)


def _ignore(lines: Sequence[str], number: int, match: re.Match[str]) -> Ignore:
    codes = tuple(code.strip() for code in (match[1] or "").split(",") if code.strip())
    reason = match[2].partition("#")[0].strip()
    alone = not lines[number - 1][: match.start()].strip()
    first = _next_code(lines, number) if alone else number
    return Ignore(number, codes, reason, first, _head_end(lines, first))


def _next_code(lines: Sequence[str], number: int) -> int:
    """The line that a comment on a line of its own is about."""
    for place in range(number, len(lines)):
        text = lines[place].strip()
        if text and not text.startswith("#"):
            return place + 1
    return number


def _head_end(lines: Sequence[str], first: int) -> int:
    """A comment at a decorator is about the function below it."""
    if not lines[first - 1].lstrip().startswith("@"):
        return first
    below = range(first, min(first + 60, len(lines)))
    return next((place + 1 for place in below if _DEFINITION.match(lines[place])), first)


def _comments(lines: Sequence[str]) -> dict[int, int]:
    """The column at which each line's comment begins; 1 << 30 where a line has none.

    Where the tokenizer gives up (syntax newer than this Python, broken code) the rest is not judged.
    """
    last = 0
    found: dict[int, int] = {}
    try:
        for token in _tokens(lines):
            if token.type == tokenize.COMMENT:
                found[token.start[0]] = token.start[1]
            last = max(last, token.end[0])
    except (tokenize.TokenError, SyntaxError):
        last -= 1
    return {number: found.get(number, 1 << 30) for number in range(1, last + 1)}


def _tokens(lines: Sequence[str]) -> Iterator[tokenize.TokenInfo]:
    text = "\n".join(line.rstrip("\r") for line in lines)
    return tokenize.generate_tokens(io.StringIO(text + "\n").readline)
