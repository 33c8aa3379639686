"""The instructions of base and change on the same cells: what a clock can't tell from its noise, and needs no quiet machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from strop.cell import Cell
from strop.event import Listener, Stage
from strop.evidence import Outcome
from strop.proof.branch import BranchProof
from strop.proof.cost import timed_cells, weights_of
from strop.proof.gain import relative
from strop.proof.judge import Base
from strop.proof.mix import LOG
from strop.proof.start import start_revision
from strop.verdict import Gain
from strop.world.instance import Conditions, World
from strop.world.process import workers

LONGEST = 200_000  # us: the CPU time of the cells together, a hundred times as much under valgrind
COUNTED = Conditions(record=False, counted=True)


def instruction_gain(base: Base, proof: BranchProof, listener: Listener) -> tuple[Gain, ...]:
    """The instructions of the mean request on both sides, of the dearest that execute what changed; the noise is that of
    two processes of the base. Nothing where no such request only reads. Raises Problem W323 where valgrind does not answer.
    """
    routes = {outcome.exchange.route for outcome in proof.outcomes.values() if outcome.exchange.lines}
    cells = _short(timed_cells(base.cells, base.outcomes, routes, base.mix), base.outcomes)
    if not cells:
        return ()
    listener(Stage("counting instructions, under valgrind"))
    with workers(2) as pool:
        sides = [pool.submit(_count, base.world, side, cells) for side in ("base", proof.revision, "base")]
        weights = weights_of(cells, base.mix)
        each = weights or [1.0] * len(cells)
        before, after, again = (_mean(side.result(), each) for side in sides)
    name = f"{LOG if weights else ''}instructions"
    noise = abs(before - again) / max(before, again, 1)
    on = tuple(sorted({cell.route for cell in cells}))
    return (Gain(name, "instructions", before, after, relative(before, after), noise, on),)


def _short(cells: Sequence[Cell], outcomes: Mapping[str, Outcome]) -> tuple[Cell, ...]:
    """Those, the dearest first, that do not take too long together."""
    left, chosen = LONGEST, []
    for cell in cells:
        if (cpu := outcomes[cell.id].exchange.cpu) <= left:
            left -= cpu
            chosen.append(cell)
    return tuple(chosen) or tuple(cells[-1:])


def _count(world: World, revision: str, cells: Sequence[Cell]) -> tuple[int, ...]:
    served = start_revision(world, revision, conditions=COUNTED)
    try:
        return served.instructions(cells)
    finally:
        served.instance.close()
        world.folder.remove(served.instance.root)


def _mean(counts: Sequence[int], weights: Sequence[float]) -> float:
    return sum(w * n for w, n in zip(weights, counts, strict=True)) / len(counts)
