"""Which kept patch is needless beside the others: each was judged alone, and two may answer the same cost."""

from __future__ import annotations

from collections.abc import Sequence

from strop.actions.compose import Composition
from strop.actions.kept import Kept
from strop.proof.branch import start_revision
from strop.proof.gain import COUNTERS
from strop.proof.judge import Base

MOST = 60  # cells that are served to tell


def suspects(kept: Sequence[Kept]) -> list[Kept]:
    """Patches that load a relationship which another one loads too, for a route in common or by default; the
    cheapest finding first.
    """
    return [k for k in reversed(kept) if any(_overlap(k, other) for other in kept if other is not k)]


def saves_nothing(base: Base, whole: Composition, without: Composition, suspect: Kept) -> bool:
    """Whether the suspect's routes need no more queries and rows on the branch that lacks it."""
    routes = suspect.item.finding.routes
    cells = [cell.id for cell in base.cells if cell.route in routes][:MOST]
    if not cells or len(without.kept) < len(whole.kept) - 1:
        return False
    one, other = (_count(base, branch, set(cells)) for branch in (whole, without))
    return all(after <= before for before, after in zip(one, other, strict=True))


def _overlap(one: Kept, other: Kept) -> bool:
    return one.patch.fix == other.patch.fix and bool(_relationships(one) & _relationships(other))


def _relationships(kept: Kept) -> set[str]:
    finding = kept.item.finding
    named = finding.fact("relationships") or finding.fact("relationship")
    return {part.strip() for part in named.split(",") if part.strip()}


def _count(base: Base, branch: Composition, cells: set[str]) -> tuple[float, ...]:
    """Queries and rows of the cells on a branch."""
    served = start_revision(base.world, branch.revision, branch.schema)
    try:
        outcomes = [served.settled(cell) for cell in base.cells if cell.id in cells]
    finally:
        served.instance.close()
        base.world.folder.remove(served.instance.root)
    return tuple(sum(COUNTERS[name].count(o.exchange) for o in outcomes) for name in ("queries", "rows"))
