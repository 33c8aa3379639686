"""Gate 4: would another request than the recorded ones tell the change apart?

Both sides start anew and serve the same perturbed cells in the same order, side by side, so what a process
remembers is the same on both. Where they differ the base is asked again, by the same process and by another with
another past: what the base itself leaves open is no difference.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from queue import SimpleQueue

from strop.cell import Cell
from strop.event import Advance, Listener, Stage
from strop.evidence import Outcome
from strop.measure.generate import operations
from strop.measure.identities import find_identities
from strop.measure.observe import UNENDING, Observation
from strop.measure.perturb import MARK, Identity, Pool, parent_of, perturb
from strop.measure.serve import Served
from strop.patch import Edit
from strop.problem import EXIT_USAGE, Problem
from strop.proof.branch import BranchProof, edits_between
from strop.proof.judge import SHOWN, Base, differences
from strop.proof.lint import edited_lines
from strop.proof.perturbed_choice import (
    Operations,
    by_key,
    choose_perturbed,
    constants,
    operation_of,
    reached_routes,
)
from strop.proof.relax import Relaxed, relax
from strop.span import Span
from strop.verdict import Difference, Gate, Verdict
from strop.world.instance import Conditions
from strop.world.process import workers

HANGS = 2  # requests of a route that may hang or end the base's process before the route is left alone


Ahead = SimpleQueue[tuple[Cell, Outcome] | None]


@dataclass
class Perturbed:
    """What the perturbed cells told of a change."""

    served: int = 0
    possible: int = 0  # perturbed cells that could be made of the workload
    witnesses: list[tuple[Cell, Outcome]] = field(default_factory=list)  # that executed an edited line
    differences: tuple[Difference, ...] = ()
    relaxed: Relaxed = field(default_factory=Relaxed)
    aside: int = 0  # requests that hang or end the process on the base
    seconds: float = 0.0

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

    def gate(self) -> Gate:
        """The gate as the report names it."""
        found = self.differences
        detail = f"{found[0].route} {found[0].path}".strip() if found else "passed"
        name = f"{self.served} perturbed cells"
        return Gate(4, name, not found, detail, self.seconds)


def wanted(cells: Sequence[str]) -> tuple[str, ...]:
    """Those of the ids that name perturbed cells."""
    return tuple(cell for cell in cells if MARK in cell)


class Perturbing:
    """Gate 4 of one base, for one change after the other or for several at a time."""

    def __init__(self, seen: Observation, base: Base) -> None:
        self._seen = seen
        self._base = base
        self._lock = threading.Lock()  # held by whoever asks the base's second process

    @cached_property
    def _operations(self) -> Operations:
        return by_key(operations(self._base.imported, self._seen.again.instance.databases))

    @cached_property
    def _identities(self) -> tuple[Identity, ...]:
        login = self._base.world.target.login
        cells = self._seen.made or self._base.cells
        return find_identities(self._seen.again, cells, self._base.imported, login)

    def again(self, cell: Cell) -> Outcome:
        """What the base answers in a process with another past."""
        with self._lock:
            return self._seen.again.serve(cell)

    def serve(self, root: Path, revision: str, only: Sequence[str], listener: Listener) -> Perturbed:
        """Serve perturbed cells (`only` those with these ids, without a cap) on the base and on `revision`, whose
        tree is `root`, and compare. Raises Problem M405 for an id that no recorded cell leads to.
        """
        began = time.monotonic()
        edits = edits_between(self._base.root, root)
        cells, possible = self._cells(edits, only)
        if not cells:
            return Perturbed(possible=possible)
        listener(Stage("serving perturbed requests", len(cells)))
        world = self._base.world
        one = Served(world.instance(world.folder.tree("base")), Conditions())
        watch = edited_lines(edits)
        changed = Served(world.instance(world.folder.tree(revision)), Conditions(watch=watch))
        try:
            with workers(2) as pool:
                for started in [pool.submit(side.start) for side in (one, changed)]:
                    started.result()
            found = _Comparing(self.again, one, changed, listener).run(cells)
        finally:
            for side in (one, changed):
                side.instance.close()
                world.folder.remove(side.instance.root)
        found.possible, found.seconds = possible, time.monotonic() - began
        return found

    def _cells(self, edits: Sequence[Edit], only: Sequence[str]) -> tuple[tuple[Cell, ...], int]:
        base = self._base
        with self._lock:
            pool = Pool(self._identities, constants(edits))
            known = self._operations
        if only:
            return _named(base, known, pool, only), len(only)
        reached = reached_routes(edits, self._seen.project.reaches)
        return choose_perturbed(base.cells, base.outcomes, known, pool, reached)


def _named(base: Base, known: Operations, pool: Pool, only: Sequence[str]) -> tuple[Cell, ...]:
    """The cells with these ids. Raises Problem M405."""
    made: dict[str, Cell] = {}
    parents = {parent_of(name) for name in only}
    for parent in base.cells:
        operation = operation_of(parent, base.outcomes, known)
        if parent.id in parents and operation is not None:
            made |= {cell.id: cell for cell in perturb(parent, operation, pool)}
    for name in only:
        if name not in made:
            message = f"there is no request {name} among the {len(made)} that are made of {parent_of(name)}"
            do = "give the options and the change that the first run had; its output names its requests"
            raise Problem("M405", message, do=do, status=EXIT_USAGE)
    return tuple(made[name] for name in only)


class _Comparing:
    """The base goes ahead, the changed side follows with the cells that the base could answer."""

    def __init__(
        self, again: Callable[[Cell], Outcome], one: Served, changed: Served, listener: Listener
    ) -> None:
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
        try:
            for cell in cells:
                if self._stopped:
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
        return differences(before, after, self.found.relaxed)
