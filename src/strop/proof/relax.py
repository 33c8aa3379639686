"""What the base itself leaves unspecified: paths that differ between two runs of the same code."""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct

from strop.evidence import Outcome
from strop.proof.compare import compare
from strop.verdict import Difference

COMPUTED = ("content-length", "etag")  # headers that follow from the body


class Relaxed(Struct, frozen=True):
    """Paths that may differ, cell by cell; nothing else may."""

    paths: frozenset[tuple[str, str]] = frozenset()  # (cell, path)
    lines: tuple[str, ...] = ()  # "GET /x  body $.now", for the report

    def allows(self, difference: Difference) -> bool:
        """Whether the base differs from itself at this place of this cell."""
        return (difference.cell, place_of(difference.path)) in self.paths

    def joined(self, other: Relaxed) -> Relaxed:
        """What either of them relaxes."""
        return Relaxed(self.paths | other.paths, tuple(sorted({*self.lines, *other.lines})))


def relax(one: Iterable[Outcome], other: Iterable[Outcome]) -> Relaxed:
    """Compare two runs of the base (A/A), in whatever order each served the cells: every difference is one
    relaxation. Where a body is open, so are the headers that are computed from it.
    """
    second = {outcome.cell: outcome for outcome in other}
    found = [d for a in one if a.cell in second for d in compare(a, second[a.cell])]
    paths = {(d.cell, place_of(d.path)) for d in found}
    open_bodies = {cell for cell, path in paths if path.startswith("body")}
    paths |= {(cell, f"header {name}") for cell in open_bodies for name in COMPUTED}
    return Relaxed(frozenset(paths), tuple(sorted({f"{d.route}  {place_of(d.path)}" for d in found})))


def place_of(path: str) -> str:
    """Row changes are relaxed by table; positions in a list stay, so that one unstable row relaxes one row."""
    return re.sub(r"^(rows \S+) .*", r"\1", path)
