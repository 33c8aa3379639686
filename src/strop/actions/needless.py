"""Which kept patch is needless beside the others: each was judged alone, and two may answer the same cost."""

from __future__ import annotations

from collections.abc import Sequence

from strop.actions.compose import Composition
from strop.actions.kept import Kept
from strop.proof.gain import COUNTERS
from strop.proof.judge import Base
from strop.proof.start import start_revision


def suspects(kept: Sequence[Kept]) -> list[Kept]:
    """Patches that load a relationship which another one loads too, the cheapest finding first."""
    return [k for k in reversed(kept) if any(_overlap(k, other) for other in kept if other is not k)]


def saves_nothing(base: Base, whole: Composition, without: Composition) -> bool:
    """Whether no cell's route needs more queries or rows on the branch that lacks the patch."""
    if len(without.kept) < len(whole.kept) - 1:
        return False  # another one does not fit without it
    one, other = (_count(base, branch) for branch in (whole, without))
    return all(after <= before for before, after in zip(one, other, strict=True))


def _overlap(one: Kept, other: Kept) -> bool:
    return one.patch.fix == other.patch.fix and bool(_relationships(one) & _relationships(other))


def _relationships(kept: Kept) -> set[str]:
    finding = kept.item.finding
    named = finding.fact("relationships") or finding.fact("relationship")
    return {part.strip() for part in named.split(",") if part.strip()}


def _count(base: Base, branch: Composition) -> tuple[float, ...]:
    """Queries and rows of the whole workload on a branch."""
    served = start_revision(base.world, branch.revision, branch.schema)
    try:
        exchanges = [served.settled(cell).exchange for cell in base.cells]
    finally:
        served.instance.close()
        base.world.folder.remove(served.instance.root)
    return tuple(sum(map(COUNTERS[name].count, exchanges)) for name in ("queries", "rows"))
