"""Gate 4: would another request than the recorded ones, or other data, tell the change apart?"""

from __future__ import annotations

import copy
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path

from strop.cell import Cell, Request
from strop.event import Listener, Stage
from strop.evidence import Outcome
from strop.measure.generate import operations
from strop.measure.identities import find_identities
from strop.measure.observe import Observation
from strop.measure.perturb import MARK, Identity, Pool, as_others, parent_of, perturb
from strop.measure.perturb_rows import at_rows
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
    plain,
    reached_routes,
)
from strop.proof.perturbed_states import Made, is_in_state, pair_of, serve_states
from strop.proof.side_by_side import SECONDS, Comparing, Perturbed
from strop.proof.turns_named import are_at_once
from strop.world.databases import Databases

NEW, OLD = 2, 12  # rows of a table that a state has added or holds, for which recorded cells ask, too
SENT = 8  # requests of the tests to one operation that are sent to the recorded cells' paths


def wanted(cells: Sequence[str]) -> tuple[str, ...]:
    """Those of the ids that name perturbed cells."""
    return tuple(cell for cell in cells if MARK in cell and not are_at_once(cell))


class Perturbing:
    """Gate 4 of one base, for one change after the other or for several at a time."""

    def __init__(self, seen: Observation, base: Base) -> None:
        self._seen = seen
        self._patience = 1.0
        self._base = base
        self._lock = threading.Lock()  # held by whoever asks the base's second process

    def prepare(self) -> None:
        """Find out now what all changes need, before several are judged at a time."""
        for name in ("_operations", "_identities", "_sent"):
            getattr(self, name)

    def beside(self, base: Base, patience: float = 1.0) -> Perturbing:
        """The same for a base of which fewer cells are asked, for `patience` times the usual time; what was found out of
        the application stays known.
        """
        made = copy.copy(self)
        made._base, made._patience = base, patience
        return made

    @cached_property
    def _operations(self) -> Operations:
        return by_key(operations(self._base.imported, self._seen.again.instance.databases))

    @cached_property
    def _identities(self) -> tuple[Identity, ...]:
        login = self._base.world.target.login
        cells = self._seen.made or self._base.cells
        return find_identities(self._seen.again, cells, self._base.imported, login)

    @cached_property
    def _sent(self) -> dict[str, list[Request]]:
        """What the application's own tests sent, by the operation that took it; what was answered well comes first."""
        found: defaultdict[str, dict[tuple[str, bytes], Request]] = defaultdict(dict)
        recorded = [r for run in self._seen.suites[:1] for r in run.recorded]
        for one in sorted(recorded, key=lambda r: r.answer.status >= 400):
            operation = self._operations.get(plain(one.exchange.route))
            if operation is not None:
                said = (one.request.path.partition("?")[2], one.request.body)
                found[operation.key].setdefault(said, one.request)
        return {key: [*said.values()][:SENT] for key, said in found.items()}

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
                seconds = SECONDS * self._patience
                found = Comparing(self.again, *sides, listener, seconds, settle).run(cells)
        found.chosen, found.possible = len(cells), possible
        if not found.differences and (not only or len(odd) < len(only)):
            inside = [name for name in only if is_in_state(name)]
            make = self._in_states(edits)
            found = found.and_then(
                serve_states(self._base, revision, watch, inside, listener, self._patience, make)
            )
        found.seconds = time.monotonic() - began
        return found

    def _in_states(self, edits: Sequence[Edit]) -> Made:
        """What makes the cells for a state of the databases: those of the routes that the change can reach, the same as
        other subjects, for rows that the state has added and for others, and the rest.
        """
        reached = reached_routes(edits, self._seen.project.reaches)
        cells = self._base.cells
        near = [cell for cell in cells if reached is None or plain(cell.route) in reached]
        far = [cell for cell in cells if reached is not None and plain(cell.route) not in reached]
        with self._lock:
            known, identities = self._operations, self._identities

        def make(databases: Databases) -> Iterator[Cell]:
            yield from near
            first = {cell.route: cell for cell in reversed(near) if cell.identity}
            for cell in first.values():
                yield from as_others(cell, identities)
            yield from beside(databases)
            yield from far

        def beside(databases: Databases) -> Iterator[Cell]:
            def rows(table: str, column: str) -> Sequence[str]:
                return (*databases.latest(table, column, NEW), *databases.sample(table, column, OLD))

            taken = {cell.request for cell in near}
            for cell in near:
                operation = operation_of(cell, self._base.outcomes, known)
                made = at_rows(cell, operation, rows) if operation is not None else ()
                for other in made:
                    if other.request not in taken:
                        taken.add(other.request)
                        yield other

        return make

    def _cells(self, edits: Sequence[Edit], only: Sequence[str]) -> tuple[tuple[Cell, ...], int]:
        base = self._base
        with self._lock:
            pool = Pool(self._identities, constants(edits), self._sent)
            known = self._operations
        if only:
            return _named(base, known, pool, only), len(only)
        reached = reached_routes(edits, self._seen.project.reaches)
        recorded = len(self._seen.cells)
        return choose_perturbed(base.cells, base.outcomes, known, pool, reached, recorded)


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
