"""Replacing parts of a text, all other bytes untouched."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from strop.fixes.unfit import Unfit


class Splice(Struct, frozen=True, order=True):
    """Bytes `start` to `end` (exclusive) become `text`; start == end inserts."""

    start: int
    end: int
    text: str


def splice(data: bytes, splices: Iterable[Splice]) -> bytes:
    """The data with every splice made; Unfit if two of them overlap."""
    parts: list[bytes] = []
    at = 0
    for change in sorted(set(splices)):
        if change.start < at:
            raise Unfit("two changes meet in the same place")
        parts += [data[at : change.start], change.text.encode()]
        at = change.end
    return b"".join([*parts, data[at:]])
