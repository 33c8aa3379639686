"""Two sides of a change under the same cells, in the same order, side by side: what a process remembers is the same on both.

Where they differ the base is asked again, in a process with another past: what the base itself leaves open is no
difference.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from queue import SimpleQueue

from msgspec import Struct, field
from msgspec.structs import replace

from strop.cell import Cell
from strop.event import Advance, Listener
from strop.evidence import Outcome
from strop.measure.observe import UNENDING
from strop.measure.serve import Served
from strop.proof.branch import BranchProof
from strop.proof.judge import SHOWN, Base, differences
from strop.proof.relax import Relaxed, relax
from strop.proof.second import lines
from strop.proof.unordered import Judged
from strop.span import Span
from strop.verdict import Difference, Gate, Verdict
from strop.world.process import workers

SECONDS = 60.0  # that the base is asked; a cell that is not reached by then is not served
HANGS = 2  # requests of a route that may hang or end the base's process before the route is left alone


Settle = Callable[[Cell, Outcome, Outcome], Judged]
Ahead = SimpleQueue[tuple[Cell, Outcome] | None]


class Perturbed(Struct):
    """What the perturbed cells told of a change."""

    served: int = 0
    chosen: int = 0
    possible: int = 0  # perturbed cells that could be made of the workload
    in_states: int = 0  # of those served, in perturbed states of the database
    witnesses: list[tuple[Cell, Outcome]] = field(default_factory=list)  # that executed an edited line
    differences: tuple[Difference, ...] = ()
    relaxed: Relaxed = field(default_factory=Relaxed)
    aside: int = 0  # requests that hang or end the process on the base
    seconds: float = 0.0

    @property
    def left(self) -> int:
        """How many of the chosen cells were not served: the time was up, or their route hangs. After a difference none
        is missed.
        """
        return 0 if self.differences else max(self.chosen - self.served - self.aside, 0)

    @property
    def reached(self) -> int:
        """How many cells executed an edited line."""
        return len(self.witnesses)

    @property
    def ran(self) -> set[Span]:
        """The edited lines that they executed."""
        return {span for _, outcome in self.witnesses for span in outcome.exchange.lines}

    def beside(self, base: Base, proof: BranchProof) -> tuple[Base, BranchProof]:
        """Both with the witnesses as further cells, for those who ask what the requests would tell."""
        cells = (*base.cells, *(cell for cell, _ in self.witnesses))
        outcomes = proof.outcomes | {cell.id: outcome for cell, outcome in self.witnesses}
        relaxed = base.relaxed.joined(self.relaxed)
        return replace(base, cells=cells, relaxed=relaxed), replace(proof, outcomes=outcomes)

    def counted(self, verdict: Verdict) -> Verdict:
        """The verdict with these cells among its own."""
        cells, reached = verdict.cells + self.served, verdict.reached + self.reached
        return replace(verdict, cells=cells, reached=reached)

    def and_then(self, other: Perturbed) -> Perturbed:
        """Both together."""
        return Perturbed(
            served=self.served + other.served,
            chosen=self.chosen + other.chosen,
            possible=self.possible + other.possible,
            in_states=self.in_states + other.in_states,
            witnesses=[*self.witnesses, *other.witnesses],
            differences=self.differences + other.differences,
            relaxed=self.relaxed.joined(other.relaxed),
            aside=self.aside + other.aside,
            seconds=self.seconds + other.seconds,
        )

    def gate(self) -> Gate:
        """The gate as the report names it."""
        found = self.differences
        detail = f"{found[0].route} {found[0].path}".strip() if found else "passed"
        name = f"{self.served}{f' of {self.chosen}' if self.left else ''} perturbed cells"
        name += f", {self.in_states} of them in perturbed states" if self.in_states else ""
        return Gate(4, name, not found, detail, self.seconds)


class Comparing:
    """The base goes ahead, the changed side follows with the cells that the base could answer."""

    def __init__(
        self,
        again: Callable[[Cell], Outcome],
        one: Served,
        changed: Served,
        listener: Listener,
        seconds: float = SECONDS,
        settle: Settle | None = None,
    ) -> None:
        """`settle` tells a difference from an order that the base leaves open."""
        self.settle = settle
        self.seconds = seconds
        self.again = again
        self.one = one
        self.changed = changed
        self.listener = listener
        self.found = Perturbed()
        self._stopped = False
        self._hanging: Counter[str] = Counter()

    def run(self, cells: Sequence[Cell]) -> Perturbed:
        """Serve and compare; ends early where SHOWN cells differ already."""
        ahead: Ahead = SimpleQueue()
        with workers(1) as pool:
            serving = pool.submit(self._go_ahead, cells, ahead)
            try:
                self._follow(ahead)
            finally:
                self._stopped = True
            serving.result()
        return self.found

    def _go_ahead(self, cells: Sequence[Cell], ahead: Ahead) -> None:
        until = time.monotonic() + self.seconds
        try:
            for cell in cells:
                if self._stopped or time.monotonic() > until:
                    break
                if self._hanging[cell.route] >= HANGS:
                    continue
                outcome = self.one.serve(cell)
                if outcome.answer.exception in UNENDING:
                    self._hanging[cell.route] += 1
                    self.found.aside += 1
                else:
                    ahead.put((cell, outcome))
        finally:
            ahead.put(None)

    def _follow(self, ahead: Ahead) -> None:
        found, told = self.found, 0
        while told < SHOWN and (pair := ahead.get()) is not None:
            cell, before = pair
            after = self.changed.serve(cell)
            found.served += 1
            found.witnesses += [(cell, after)] if after.exchange.lines else []
            differing = self._differing(cell, before, after)
            found.differences += differing
            told += bool(differing)
            self.listener(Advance(cell.route))
            if differing and after.answer.exception in UNENDING:
                break  # the next one would take the whole time limit too

    def _differing(self, cell: Cell, before: Outcome, after: Outcome) -> tuple[Difference, ...]:
        """What differs where the base does not differ from itself, in a process with another past, twice."""
        if not differences(before, after, Relaxed()):
            return ()
        for _ in range(2):
            own = relax([before], [self.again(cell)])
            self.found.relaxed = self.found.relaxed.joined(own)
        left = differences(before, after, self.found.relaxed)
        if not left or self.settle is None:
            return left
        judged = self.settle(cell, before, after)
        passed = lines(before.exchange.route, judged)
        self.found.relaxed = self.found.relaxed.joined(Relaxed(lines=passed))
        return tuple(d for d in judged.differences if not self.found.relaxed.allows(d))
