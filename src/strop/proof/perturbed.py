"""Gate 4: would another request than the recorded ones, or other data, tell the change apart?"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from strop.cell import Cell
from strop.event import Listener, Stage
from strop.evidence import Outcome
from strop.measure.generate import operations
from strop.measure.identities import find_identities
from strop.measure.observe import Observation
from strop.measure.perturb import MARK, Identity, Pool, parent_of, perturb
from strop.patch import Edit
from strop.problem import EXIT_USAGE, Problem
from strop.proof.branch import edits_between
from strop.proof.judge import Base
from strop.proof.lint import edited_lines
from strop.proof.perturbed_choice import (
    Operations,
    by_key,
    choose_perturbed,
    constants,
    operation_of,
    reached_routes,
)
from strop.proof.perturbed_states import is_in_state, pair_of, serve_states
from strop.proof.side_by_side import Comparing, Perturbed
from strop.proof.turns_named import are_at_once


def wanted(cells: Sequence[str]) -> tuple[str, ...]:
    """Those of the ids that name perturbed cells."""
    return tuple(cell for cell in cells if MARK in cell and not are_at_once(cell))


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

    def identities(self) -> tuple[Identity, ...]:
        """Who else than the first subject of the workload may ask."""
        with self._lock:
            return self._identities

    def named(self, root: Path, names: Sequence[str]) -> tuple[Cell, ...]:
        """The perturbed cells with these ids, for the change in `root`. Raises Problem M405."""
        return self._cells(edits_between(self._base.root, root), names)[0] if names else ()

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
        watch = edited_lines(edits)
        odd = [name for name in only if not is_in_state(name)]
        cells, possible = self._cells(edits, odd) if odd or not only else ((), 0)
        found = Perturbed()
        if cells:
            listener(Stage("serving perturbed requests", len(cells)))
            with pair_of(self._base.world, revision, watch) as sides:
                second = self._base.second
                settle = second.judge_other if second is not None else None
                found = Comparing(self.again, *sides, listener, settle=settle).run(cells)
        found.chosen, found.possible = len(cells), possible
        if not found.differences and (not only or len(odd) < len(only)):
            inside = [name for name in only if is_in_state(name)]
            found = found.and_then(serve_states(self._base, revision, watch, inside, listener))
        found.seconds = time.monotonic() - began
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
