"""What the base itself leaves unspecified: paths that differ between two runs of the same code."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from strop.evidence import Outcome
from strop.proof.compare import compare
from strop.verdict import Difference


@dataclass(frozen=True, slots=True)
class Relaxed:
    """Paths that may differ, cell by cell; nothing else may."""

    paths: frozenset[tuple[str, str]] = frozenset()  # (cell, path)
    lines: tuple[str, ...] = ()  # "GET /x  body $.now", for the report

    def allows(self, difference: Difference) -> bool:
        """Whether the base differs from itself at this place of this cell."""
        return (difference.cell, _place(difference.path)) in self.paths


def relax(one: Iterable[Outcome], other: Iterable[Outcome]) -> Relaxed:
    """Compare two runs of the base (A/A): every difference is one relaxation."""
    found = [d for a, b in zip(one, other, strict=True) for d in compare(a, b)]
    paths = frozenset((d.cell, _place(d.path)) for d in found)
    return Relaxed(paths, tuple(sorted({f"{d.route}  {_place(d.path)}" for d in found})))


def _place(path: str) -> str:
    """Row changes are relaxed by table; positions in a list stay, so that one unstable row relaxes one row."""
    return re.sub(r"^(rows \S+) .*", r"\1", path)
