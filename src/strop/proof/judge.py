"""Candidates through the gates: lint, contract, cells, cost. The base's evidence is made once."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from msgspec import Struct, field

from strop.cell import Cell
from strop.evidence import Outcome, Outcomes
from strop.finding import Finding
from strop.fixes.write import apply
from strop.measure.perturb import Identity
from strop.measure.serve import Served
from strop.patch import Patch
from strop.problem import Problem
from strop.project.project import Imported
from strop.proof.compare import compare
from strop.proof.contract import compare_contracts
from strop.proof.cost import TimeNoise, pair, quiet_cells, time_gains, timed_cells
from strop.proof.crowd import crowd_gains
from strop.proof.gain import (
    ALWAYS,
    COUNTERS,
    CROWDED,
    PROMISES,
    count_gains,
    decide,
    promised,
    stands_out,
)
from strop.proof.lint import edited_lines, lint, runs_at_import
from strop.proof.relax import Relaxed, relax
from strop.proof.schema import Schema, migrate
from strop.proof.second import Second
from strop.proof.work import work_gains
from strop.verdict import Behaviour, Difference, Gain, Gate, Verdict
from strop.world.instance import Conditions, Instance, World

SHOWN = 5  # differences that a verdict names
STATEMENT = 20  # rows that cost about what a statement costs, loaded as objects from a local database
SMALL = 0.1  # the part of the gain that other routes may pay before another alternative is preferred


class Base(Struct):
    """What is known of the unchanged application: every candidate is judged against it."""

    world: World
    root: Path
    imported: Imported
    cells: tuple[Cell, ...]
    outcomes: Outcomes
    again: Outcomes  # the second run, for noise
    relaxed: Relaxed
    noise: TimeNoise = field(default_factory=TimeNoise)
    second: Second | None = None
    recorded: float = 0.0  # when it ran, where its evidence was kept: clocks of then say nothing of today
    mix: Mapping[str, int] = field(default_factory=dict)  # how often an access log asks each route
    others: Callable[[], Sequence[Identity]] = tuple  # who else may ask, found when somebody wants to know


class Tip(Struct):
    """A revision that runs, and what its cells answered and cost: what a candidate is compared with."""

    revision: str
    served: Served
    outcomes: Outcomes
    schema: Schema = field(default_factory=Schema)


class Candidate(Struct):
    """A patch in a tree of its own, with what came of it."""

    patch: Patch
    verdict: Verdict
    root: Path
    instance: Instance
    notes: tuple[str, ...] = ()
    dearer_elsewhere: bool = False  # a route that the finding does not name pays for the fix

    def close(self) -> None:
        """End its process and forget its tree."""
        self.instance.close()
        self.instance.world.folder.remove(self.root)


class Stopped(Exception):
    """A gate failed; the verdict says which."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(verdict.reason)
        self.verdict = verdict


class Judgement:
    """One candidate on its way through the gates."""

    def __init__(self, base: Base, tip: Tip, finding: Finding, patch: Patch, cells: Sequence[Cell]) -> None:
        self.base = base
        self.tip = tip
        self.finding = finding
        self.patch = patch
        self.cells = cells
        self.gates: list[Gate] = []
        self.notes: list[str] = []
        self.imported: Imported | None = None
        self.root = base.world.folder.tree(tip.revision)
        self.instance = base.world.instance(self.root)
        self.schema = tip.schema.with_index(finding) if patch.touches_schema else tip.schema

    def run(self) -> Candidate:
        """Through all gates; the candidate's process is left running only when it may be kept."""
        try:
            self._gate(0, "patch lint", self._lint)
            apply(self.root, self.patch)
            return self._replay()
        except Stopped as stopped:
            verdict = stopped.verdict
        except Problem as problem:
            reason = f"{problem.message}: {problem.where[-1]}" if problem.where else problem.message
            verdict = self._verdict(Behaviour.DIFFERENT, reason)
        self.instance.stop()
        return Candidate(self.patch, verdict, self.root, self.instance, notes=tuple(self.notes))

    def _replay(self) -> Candidate:
        outcomes: Outcomes = {}
        left, note = migrate(self.instance, self.schema)
        self.notes += [note] if note else []
        watch = edited_lines(self.patch.edits)
        served = Served(self.instance, Conditions(watch=watch), left)
        served.start()
        self._gate(1, "routes and OpenAPI", lambda: self._contract(served))
        self._gate(3, "recorded cells", lambda: self._cells(served, outcomes))
        began = time.monotonic()
        gains = self._gains(served, outcomes)
        best, reason = decide(self.patch.fix, gains)
        if best is not None and not self._saves_on_its_routes(best, outcomes):
            reason = f"saves {best.name} on other routes only, not on those of its finding"
            best = None
        detail = f"{best.name} {best.before:g} -> {best.after:g}" if best else reason
        self.gates.append(
            Gate(9, "cost on the same cells", best is not None, detail, time.monotonic() - began)
        )
        verdict = self._verdict(
            self._behaviour(), reason, kept=best is not None, gains=gains, outcomes=outcomes
        )
        served.instance.stop()
        dearer = self._is_dearer_elsewhere(outcomes)
        return Candidate(self.patch, verdict, self.root, self.instance, tuple(self.notes), dearer)

    def _gate(self, number: int, name: str, check: Callable[[], tuple[str, tuple[Difference, ...]]]) -> None:
        began = time.monotonic()
        wrong, differences = check()
        self.gates.append(Gate(number, name, not wrong, wrong or "passed", time.monotonic() - began))
        if wrong:
            raise Stopped(self._verdict(Behaviour.DIFFERENT, f"{name}: {wrong}", differences=differences))

    def _lint(self) -> tuple[str, tuple[Difference, ...]]:
        return "; ".join(lint(self.patch)), ()

    def _contract(self, served: Served) -> tuple[str, tuple[Difference, ...]]:
        self.imported = served.describe()
        return "; ".join(compare_contracts(self.base.imported, self.imported)), ()

    def _cells(self, served: Served, outcomes: Outcomes) -> tuple[str, tuple[Difference, ...]]:
        for cell in self.cells:
            outcome = served.settled(cell)
            outcomes[cell.id] = outcome
            found = differences(self.base.outcomes[cell.id], outcome, self.base.relaxed)
            if found and self._is_unsettled(cell):
                found = differences(self.base.outcomes[cell.id], outcome, self.base.relaxed)
            if found:
                return f"{cell.request.method} {cell.request.path} {tell(found)}", found
        if not self._reached(outcomes):
            raise Stopped(
                self._verdict(
                    Behaviour.INSUFFICIENT,
                    "no recorded request executes the changed lines",
                    outcomes=outcomes,
                )
            )
        return "", ()

    def _is_unsettled(self, cell: Cell) -> bool:
        """Whether the base itself answers otherwise by now: files are not put back between cells, as rows are.

        What it leaves open so is relaxed from here on, for everybody.
        """
        now = relax([self.tip.outcomes[cell.id]], [self.tip.served.settled(cell)])
        self.base.relaxed = self.base.relaxed.joined(now)
        return bool(now.paths)

    def _touched(self, outcome: Outcome) -> bool:
        """Whether the cell executed an edited line, or the patch changed its SQL (a model's default has no line)."""
        return bool(outcome.exchange.lines) or _sql(outcome) != _sql(self.tip.outcomes[outcome.cell])

    def _reached(self, outcomes: Outcomes) -> int:
        at_start = self.patch.touches_schema or runs_at_import(self.patch)
        return sum(map(self._touched, outcomes.values())) or (len(outcomes) if at_start else 0)

    def _gains(self, served: Served, outcomes: Outcomes) -> tuple[Gain, ...]:
        touched = (o.exchange.route for o in outcomes.values() if self._touched(o))
        routes = {*self.finding.routes, *touched}
        affected = {k: o for k, o in outcomes.items() if o.exchange.route in routes}
        counted = count_gains(
            self.tip.outcomes, affected, self.base.again, self.finding.routes, promised(self.patch.fix)
        )
        if self.patch.touches_schema:
            counted += work_gains(
                self.tip.served, served, self.base.outcomes.values(), affected.values(), self.finding.routes
            )
        cells = timed_cells(self.base.cells, self.base.outcomes, routes)
        if not cells:
            return counted
        if self.patch.fix in CROWDED:
            counted += self._crowded(served)
        launch = pair(self.tip.served, served, cells, self.base.outcomes)
        return (*counted, *time_gains([launch], len(cells), self.base.noise, set(self.finding.routes)))

    def _saves_on_its_routes(self, best: Gain, outcomes: Outcomes) -> bool:
        """Whether the cells of the finding's own routes save something of what the patch promises, if it is counted."""
        if best.name not in ALWAYS:
            return True
        own = {k: o for k, o in outcomes.items() if o.exchange.route in self.finding.routes}
        counted = count_gains(self.tip.outcomes, own, self.base.again, (), PROMISES.get(self.patch.fix, ()))
        return any(map(stands_out, counted))

    def _crowded(self, served: Served) -> tuple[Gain, ...]:
        """Under a crowd of the cheapest cell of the finding that only reads, and asks the database."""
        named = self.finding.routes
        cells = quiet_cells(self.base.cells, self.base.outcomes, set(named))
        asking = [cell for cell in cells if self.base.outcomes[cell.id].exchange.pool]
        if not asking:
            return ()
        size = self.base.imported.thread_limit
        return crowd_gains(self.tip.served, served, asking[-1], size, named)

    def _is_dearer_elsewhere(self, outcomes: Outcomes) -> bool:
        """Whether other routes pay more than a small part of what those of the finding save."""
        own, others = 0.0, 0.0
        for outcome in filter(self._touched, outcomes.values()):
            more = _load(outcome) - _load(self.tip.outcomes[outcome.cell])
            if outcome.exchange.route in self.finding.routes:
                own += more
            else:
                others += more
        return others > max(0.0, SMALL * -own)

    def _behaviour(self) -> Behaviour:
        return Behaviour.UNSPECIFIED if self.base.relaxed.paths else Behaviour.IDENTICAL

    def _verdict(
        self,
        behaviour: Behaviour,
        reason: str,
        *,
        kept: bool = False,
        gains: tuple[Gain, ...] = (),
        differences: tuple[Difference, ...] = (),
        outcomes: Mapping[str, Outcome] | None = None,
    ) -> Verdict:
        outcomes = outcomes or {}
        return Verdict(
            behaviour=behaviour,
            kept=kept,
            reason=reason,
            gates=tuple(self.gates),
            gains=gains,
            differences=differences[:SHOWN],
            relaxed=self.base.relaxed.lines,
            cells=len(outcomes),
            reached=self._reached(dict(outcomes)) if outcomes else 0,
        )


def tell(found: tuple[Difference, ...]) -> str:
    """What differs in one answer, and what would make it provable where that is only an order nobody stated."""
    if all(difference.kind == "order" and difference.path.startswith("body") for difference in found):
        return (
            f"differs at {found[0].path}, only in the order of a list: "
            "state one (order_by on the relationship or the query), and the fix can be proved"
        )
    return f"differs at {found[0].path}"


def differences(before: Outcome, after: Outcome, relaxed: Relaxed) -> tuple[Difference, ...]:
    """What differs where the base does not differ from itself."""
    return tuple(d for d in compare(before, after) if not relaxed.allows(d))


def _load(outcome: Outcome) -> float:
    """Queries and rows in one number, for a rough comparison of routes."""
    return STATEMENT * COUNTERS["queries"].count(outcome.exchange) + COUNTERS["rows"].count(outcome.exchange)


def _sql(outcome: Outcome) -> list[str]:
    return [query.statement for query in outcome.exchange.queries]
