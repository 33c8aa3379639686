"""Which lines of source does a report show?"""

from __future__ import annotations

from msgspec import Struct


class Excerpt(Struct, frozen=True):
    """Lines of one file of the base, with those that matter marked."""

    file: str
    first: int  # number of the first line
    lines: tuple[str, ...]
    marked: tuple[int, ...] = ()  # numbers of the lines that the finding is about
