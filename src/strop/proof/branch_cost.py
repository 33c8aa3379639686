"""Gate 9 for a whole change: counters over everything that was served, CPU time over pairs of fresh processes."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from strop.event import Advance, Listener, Stage
from strop.proof.branch import BranchProof, Suites
from strop.proof.cost import OF_MANY, Pair, pair, pairs_wanted, time_gains, timed_cells, weights_of
from strop.proof.gain import count_gains
from strop.proof.judge import Base
from strop.proof.mix import LOG, mix_gains
from strop.proof.schema import Schema
from strop.proof.start import start_revision
from strop.proof.suites import suite_outcomes
from strop.proof.work import work_gains
from strop.verdict import Gain
from strop.world.process import workers

CLOCKED = 2  # how many times as long a neighbour on the machine may make what a clock measures
LAUNCHES = 5  # pairs of fresh processes in which the CPU time of the whole branch is compared, at first
MOST_LAUNCHES = 20  # where those differ so much that a change of 5 % could hide in them
FURTHER = 30  # seconds on the clock for what comes after the first


def measure_gains(
    base: Base, proof: BranchProof, schema: Schema, suites: Suites | None, listener: Listener
) -> tuple[Gain, ...]:
    """Gate 9 for the branch: counters over everything that both sides served, CPU over pairs of processes."""
    before, again, after = dict(base.outcomes), dict(base.again), dict(proof.outcomes)
    if suites is not None and proof.suite is not None:
        before |= suite_outcomes(suites.one)
        again |= suite_outcomes(suites.two)
        after |= suite_outcomes(proof.suite)
    counters = (*count_gains(before, after, again, ()), *mix_gains(before, again, after, base.mix))
    counted = tuple(gain for gain in counters if _counts(gain, base))
    routes = {o.exchange.route for o in base.outcomes.values()}
    cells = timed_cells(base.cells, base.outcomes, routes, base.mix)
    weights = weights_of(cells, base.mix)
    if not cells:
        return counted
    launches: list[tuple[Pair, ...]] = []

    def launch() -> None:
        nonlocal counted
        with workers(2) as pool:
            one = pool.submit(start_revision, base.world, "base", Schema())
            sides = [start_revision(base.world, proof.revision, schema), one.result()][::-1]
        launches.append(pair(sides[0], sides[1], cells, base.outcomes, weights, seconds=OF_MANY))
        if schema.statements and len(launches) == 1:
            counted += work_gains(sides[0], sides[1], base.outcomes.values(), proof.outcomes.values(), ())
        for side in sides:
            side.instance.close()
            base.world.folder.remove(side.instance.root)
        listener(Advance())

    first = _launch_often(launch, launches, listener)
    prefix = LOG if weights else ""
    timed = {c.route for c in cells}
    return (*counted, *time_gains(launches, len(cells), base.noise, timed, prefix, first))


def _launch_often(launch: Callable[[], None], launches: Sequence[Sequence[Pair]], listener: Listener) -> int:
    """Fill `launches` with LAUNCHES pairs, and with as many more as their spread asks for and FURTHER allows; how many
    decided that.
    """
    listener(Stage("comparing CPU time", LAUNCHES))
    began = time.monotonic()
    for _ in range(LAUNCHES):
        launch()
    each = (time.monotonic() - began) / LAUNCHES
    most = min(MOST_LAUNCHES, LAUNCHES + int(FURTHER / each))
    more = pairs_wanted(launches, most) - LAUNCHES
    if more > 0:
        listener(Stage("comparing CPU time again, processes of the same code differ", more))
        for _ in range(more):
            launch()
    return LAUNCHES


def _counts(gain: Gain, base: Base) -> bool:
    """Whether a counter says something: one that reads a clock does not where the base ran on another day, nor, small
    as it is, where one side had the machine to itself and the other had not.
    """
    if gain.unit != "us":
        return True
    less, more = sorted((gain.before, gain.after))
    return not base.recorded and more > CLOCKED * less
