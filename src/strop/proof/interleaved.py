"""Gate 8: do requests that are served at once see something that the base never shows?

The cells that execute the change are served in pairs, one held at one of its lines while the other passes, on both
sides. An outcome (answers and rows together) of the changed side must be one that the base shows in some order, one
after the other or interleaved; the base is asked for more orders before anything is called different.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from strop.cell import Cell
from strop.event import Advance, Listener, Stage
from strop.evidence import Outcome, Outcomes
from strop.measure.observe import UNENDING
from strop.measure.perturb import MARK, TURNS
from strop.measure.serve import Served
from strop.measure.together import Plan, Together
from strop.probe.conversation import METHOD
from strop.proof.branch import BranchProof, edits_between
from strop.proof.chosen import edited_functions
from strop.proof.concerns import lines_of, touches_concurrency
from strop.proof.judge import SHOWN, Base, differences
from strop.proof.lint import edited_lines, runs_at_import
from strop.proof.perturbed_choice import both_ways
from strop.proof.perturbed_states import STATE, pair_of
from strop.proof.relax import Relaxed, place_of
from strop.proof.turns_judge import differing, is_mixture, nearest
from strop.proof.turns_named import named_pairs, plan_of
from strop.proof.turns_pairs import Pair, choose_pairs
from strop.proof.turns_plans import drawn, held, one_after_the_other
from strop.verdict import Difference, Gate
from strop.world.process import workers

SECONDS = 30.0  # for all pairs; one that is not reached by then is not served
OF_A_PAIR = 8.0  # seconds for the orders of one pair
HELD = 10  # places at which the first of a pair is held
DRAWN = 3
LONGEST = 3.0  # seconds beside four times what they take alone, after which requests at once wait for ever
DOUBT = 5.0  # seconds that the base is asked for more orders
FEWEST = 20  # orders that it is asked for in any case, how slow the machine may be
MORE = 60  # places then
MORE_DRAWN = 25
AGAIN = 3  # times that the changed side must be able to show it again, at least once

Runs = list[tuple[Plan, Together]]
Serve = Callable[[Plan], Together]


@dataclass
class Interleaved:
    """What cells that were served at once told of a change."""

    pairs: int = 0
    chosen: int = 0
    orders: int = 0  # that the changed side was served in
    differences: tuple[Difference, ...] = ()
    told: tuple[str, ...] = ()  # what is new and yet no difference for sure
    aside: int = 0  # pairs of which one differs, hangs or ends the process alone
    seconds: float = 0.0

    @property
    def left(self) -> int:
        """How many pairs were not served for want of time."""
        return 0 if self.differences else self.chosen - self.pairs - self.aside

    def gate(self) -> Gate:
        """The gate as the report names it."""
        found = self.differences
        detail = f"{found[0].route} {found[0].path} {found[0].world}".strip() if found else "passed"
        of = f" of {self.chosen}" if self.left else ""
        pairs = f"{self.pairs}{of} pair{'s' if max(self.pairs, self.chosen) > 1 else ''}"
        name = f"{pairs} of requests at once, in {self.orders} orders"
        return Gate(8, name, not found, detail, self.seconds)


def serve_interleaved(
    base: Base,
    proof: BranchProof,
    listener: Listener,
    only: Sequence[str] = (),
    perturbed: Sequence[tuple[Cell, Outcome]] = (),
) -> Interleaved:
    """Serve the cells that the change reaches, `perturbed` ones too, in pairs on both sides; `only` those with these ids.
    Nothing is served where the change touches nothing that requests share.

    Raises Problem M405 for an id that names no pair of this workload.
    """
    began = time.monotonic()
    edits = edits_between(base.root, proof.root)
    both = both_ways(edits)
    if not only and not touches_concurrency(both):
        return Interleaved()
    more = [(cell, outcome) for cell, outcome in perturbed if STATE not in cell.id]
    near = [cell for cell in base.cells if _is_reached(cell, proof, runs_at_import(both))]
    near += [cell for cell, _ in more]
    if not near and not only:
        return Interleaved()
    names = edited_functions(both)
    before = [replace(edit, before=None, after=edit.before) for edit in edits if edit.before]
    watch = edited_lines(edits)
    for file, lines in lines_of(edits, names).items():
        watch[file] = sorted({*watch.get(file, ()), *lines})
    with pair_of(base.world, proof.revision, watch, lines_of(before, names)) as sides:
        run = _Run(base, *sides, listener)
        outcomes = base.outcomes | {cell.id: outcome for cell, outcome in more}
        pairs = (
            named_pairs((*base.cells, *near), base.others, only)
            if only
            else choose_pairs(near, outcomes, base.others(), lambda cell: run.alone(cell).answer)
        )
        listener(Stage("serving requests at once", len(pairs)))
        run.found.chosen, run.began = len(pairs), time.monotonic()
        plans = {plan_of(name) for name in only}
        for pair in pairs:
            if run.is_over():
                break
            run.judge(pair, plans)
            listener(Advance())
    run.found.seconds = time.monotonic() - began
    return run.found


def _is_reached(cell: Cell, proof: BranchProof, anywhere: bool) -> bool:
    """Whether a cell executed the change, and comes to an end that can be compared."""
    outcome = proof.outcomes[cell.id]
    ends = outcome.answer.exception not in UNENDING and not outcome.left
    return ends and cell.request.method != METHOD and (anywhere or bool(outcome.exchange.lines))


@dataclass
class _Run:
    """Pair after pair on two running sides."""

    base: Base
    one: Served
    changed: Served
    listener: Listener
    found: Interleaved = field(default_factory=Interleaved)
    began: float = 0.0  # the sides' start is not counted
    known: Outcomes = field(default_factory=dict)  # what the base answers alone
    same: dict[str, bool] = field(default_factory=dict)  # whether a cell alone is the same on both sides

    def is_over(self) -> bool:
        """Whether enough differs, or the time is up."""
        return len(self.found.differences) >= SHOWN or time.monotonic() - self.began > SECONDS

    def judge(self, pair: Pair, named: set[Plan]) -> None:
        """Serve one pair on both sides and compare."""
        if not all(map(self._is_same_alone, pair)):
            self.found.aside += 1
            return
        with workers(2) as pool:
            asked = [pool.submit(_explore, serve, pair, named) for serve in self._serves(pair)]
            known, seen = (each.result() for each in asked)
        relaxed = self.base.relaxed.joined(_unsettled(pair, known))
        self.found.pairs += 1
        self.found.orders += len(seen)
        told: set[str] = set()
        for plan, after in seen:
            new = nearest(pair, [before for _, before in known], after, relaxed)
            if new and (new := self._doubt(pair, known, plan, after, relaxed)):
                uncertain = _uncertain(pair, known, seen, after, relaxed)
                if uncertain:
                    told.add(uncertain)
                    continue
                self.found.differences += tuple(_named(pair, plan, after, new))
                return
        self.found.told += tuple(sorted(told))

    def _serves(self, pair: Pair) -> tuple[Serve, Serve]:
        """How both sides serve the pair; an order in which it does not end is no answer for long."""
        limit = LONGEST + 4 * sum(self.alone(cell).exchange.duration for cell in pair) / 1e6
        return (
            lambda plan: self.one.together(pair, plan, limit),
            lambda plan: self.changed.together(pair, plan, limit),
        )

    def alone(self, cell: Cell) -> Outcome:
        """What the base answers to it alone."""
        if cell.id not in self.known:
            self.known[cell.id] = self.one.serve(cell)
        return self.known[cell.id]

    def _is_same_alone(self, cell: Cell) -> bool:
        """Whether both sides answer it alike alone; their connections are open afterwards."""
        if cell.id not in self.same:
            before, after = self.alone(cell), self.changed.serve(cell)
            differ = differences(before, after, self.base.relaxed)
            self.same[cell.id] = not differ and before.answer.exception not in UNENDING
        return self.same[cell.id]

    def _doubt(
        self, pair: Pair, known: Runs, plan: Plan, after: Together, relaxed: Relaxed
    ) -> tuple[Difference, ...]:
        """What is new even when the base was asked for many more orders, and the changed side shows it again."""
        until = time.monotonic() + DOUBT
        ask_base, ask_changed = self._serves(pair)
        serial = [ran for own, ran in known if not own.holds and own.seed is None][: len(pair)]
        asked = {own for own, _ in known}
        more = [plan, *held(serial, MORE), *drawn(len(pair), range(DRAWN, MORE_DRAWN))]
        for number, other in enumerate(each for each in dict.fromkeys(more) if each not in asked):
            if number >= FEWEST and time.monotonic() > until:
                break
            known.append((other, ask_base(other)))
            if not nearest(pair, [known[-1][1]], after, relaxed):
                return ()
        for _ in range(AGAIN):
            again = ask_changed(plan)
            if new := nearest(pair, [before for _, before in known], again, relaxed):
                return new
        return ()


def _explore(serve: Serve, pair: Pair, named: set[Plan]) -> Runs:
    """The pair one after the other, as it was asked for, held and drawn, and one after the other again."""
    until = time.monotonic() + OF_A_PAIR
    plans = one_after_the_other(len(pair))
    runs = [(plan, serve(plan)) for plan in plans]
    further = [
        *sorted(named, key=repr),
        *held([ran for _, ran in runs], HELD),
        *drawn(len(pair), range(DRAWN)),
    ]
    for plan in dict.fromkeys(further):
        if (time.monotonic() > until and plan not in named) or _hangs(runs[-1][1]):
            break
        runs.append((plan, serve(plan)))
    return [*runs, (plans[0], serve(plans[0]))]


def _hangs(ran: Together) -> bool:
    return any(answer.exception in UNENDING for answer in ran.answers)


def _unsettled(pair: Pair, known: Runs) -> Relaxed:
    """What differs between two runs of the base in one order."""
    found = differing(pair, known[0][1], known[-1][1], Relaxed())
    return Relaxed(frozenset((d.cell or pair[0].id, place_of(d.path)) for d in found))


def _uncertain(pair: Pair, known: Runs, seen: Runs, after: Together, relaxed: Relaxed) -> str:
    """Why something new is perhaps no fault, in words; "" where it is one."""
    routes = " and ".join(dict.fromkeys(cell.route for cell in pair))
    if is_mixture(pair, [before for _, before in known], after, relaxed):
        return f"{routes} at once: an answer holds values from before and after the other request, together as the base never shows them"
    if _in_threads(seen) and not _in_threads(known):
        return f"{routes} at once: the change lets them interleave where one process of the base served them one after the other (several processes would not)"
    return ""


def _in_threads(runs: Iterable[tuple[Plan, Together]]) -> bool:
    return any(
        place.startswith("thread ") and ":" in place
        for _, ran in runs
        for trace in ran.traces
        for place in trace
    )


def _named(pair: Pair, plan: Plan, after: Together, new: Sequence[Difference]) -> Iterator[Difference]:
    """The differences under the id that shows them again."""
    name = f"{'+'.join(cell.id for cell in pair)}{TURNS}{plan.name}"
    yield from (replace(d, cell=name, world=_told(pair, plan, after)) for d in new[:SHOWN])


def _told(pair: Pair, plan: Plan, after: Together) -> str:
    one, other = pair[0], pair[-1]
    if one.request == other.request:
        told = "sent twice"
    elif one.route == other.route:
        told = f"sent twice, once as {other.identity}" if MARK in other.id else "two of them"
    else:
        told = f"{one.route} with {other.route}"
    if plan.seed is None and not plan.holds:
        return f"{told}, one after the other"
    place = _place_of(plan, after)
    return f"{told} at once{f', one held at {place}' if place else ''}"


def _place_of(plan: Plan, after: Together) -> str:
    """Where a request was held, as far as the application's lines say it."""
    for client, step in plan.holds:
        trace = after.traces[client] if after.traces else ()
        if step <= len(trace):
            return trace[step - 1].removeprefix("thread ")
    return ""
