"""CPU time of base and candidate on the same cells: paired, interleaved, both processes alive."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from math import sqrt
from random import Random

from msgspec import Struct

from strop.cell import Cell
from strop.evidence import Outcome
from strop.measure.serve import Served
from strop.stats.bootstrap import Launch, Round, relative_gain
from strop.stats.launches import FEWEST as FEWEST_LAUNCHES
from strop.stats.launches import gain_of_launches, launches_wanted
from strop.stats.noise import noise
from strop.verdict import Gain

CELLS = 8  # cells that are timed
BUDGET = 0.5  # seconds for each side of one pair of processes
OF_MANY = 0.3  # the same, where several pairs are compared
FEWEST, MOST = 3, 40  # rounds
WAITS = 5  # times its CPU time: what takes longer waits for something else than a processor
NO_MIX: Mapping[str, int] = {}
LONGEST = 2_000_000  # us: the cells of a round together; what is longer would take the whole budget


def quiet_cells(cells: Sequence[Cell], outcomes: Mapping[str, Outcome], routes: set[str]) -> tuple[Cell, ...]:
    """The cells of these routes that only read and succeed, the dearest first."""
    quiet = [
        cell
        for cell in cells
        if cell.route in routes
        and (outcome := outcomes.get(cell.id)) is not None
        and not (outcome.rows or outcome.files)
        and 200 <= outcome.answer.status < 400
    ]
    return tuple(sorted(quiet, key=lambda cell: -outcomes[cell.id].exchange.cpu))


def timed_cells(
    cells: Sequence[Cell],
    outcomes: Mapping[str, Outcome],
    routes: set[str],
    mix: Mapping[str, int] = NO_MIX,
) -> tuple[Cell, ...]:
    """The dearest quiet cells of these routes that fit into a round; with a mix, those that cost most in it."""
    asked = {route for route in routes if mix.get(route)}
    dearest = quiet_cells(cells, outcomes, asked or routes)
    if asked:
        dearest = tuple(sorted(dearest, key=lambda c: -mix[c.route] * outcomes[c.id].exchange.cpu))
    chosen: list[Cell] = []
    left = LONGEST
    for cell in dearest:
        took = _length(outcomes[cell.id])
        if took <= left and len(chosen) < CELLS:
            chosen.append(cell)
            left -= took
    return tuple(chosen) or dearest[-1:]


def weights_of(cells: Sequence[Cell], mix: Mapping[str, int]) -> tuple[float, ...]:
    """How much each cell counts in a mix, 1 on average; nothing where the mix says nothing of them."""
    own = Counter(cell.route for cell in cells)
    raw = [mix.get(cell.route, 0) / own[cell.route] for cell in cells]
    mean = sum(raw) / len(raw) if raw else 0.0
    return tuple(weight / mean for weight in raw) if mean else ()


def _length(outcome: Outcome) -> int:
    """How long a cell takes, us: on a busy machine its CPU time says it better than the clock, unless it waits."""
    cpu, duration = outcome.exchange.cpu, outcome.exchange.duration
    return cpu if cpu * WAITS > duration else duration


class Pair(Struct, frozen=True):
    """One round on both sides, us: CPU of the process, and of the event loop's thread alone."""

    cpu: Round
    loop: Round


class TimeNoise(Struct, frozen=True):
    """By how much two processes of the same code differed in the same run, relative: at most, and as it was seen.

    One pair of processes is held against the most that one pair of the same code may differ by; several say
    themselves how far pairs differ, and need the control only as a warning: the mean of so many differs by less.
    """

    cpu: float = 0.0
    loop: float = 0.0
    cpu_seen: float = 0.0
    loop_seen: float = 0.0


def pair(
    one: Served,
    other: Served,
    cells: Sequence[Cell],
    outcomes: Mapping[str, Outcome],
    weights: Sequence[float] = (),
    rounds: int = 0,
    seconds: float = BUDGET,
) -> tuple[Pair, ...]:
    """Rounds on both sides, as many as `seconds` allow or `rounds`; the order within each pair is drawn by chance."""
    whole = sum(max(_length(outcomes[cell.id]), 300) for cell in cells) / 1e6
    rounds = rounds or min(MOST, max(FEWEST, int(seconds / whole)))
    random = Random(0)
    pairs = []
    for side in (one, other):
        side.spend(cells)  # warm both
    for _ in range(rounds):
        sides = [one, other]
        random.shuffle(sides)
        spent = {id(side): side.spend(cells, weights) for side in sides}
        before, after = spent[id(one)], spent[id(other)]
        pairs.append(Pair((before.cpu, after.cpu), (before.loop, after.loop)))
    return tuple(pairs)


def time_noise(launches: Sequence[Sequence[Pair]]) -> TimeNoise:
    """The A/A control from pairs of the same code."""
    cpu, loop = [[p.cpu for p in x] for x in launches], [[p.loop for p in x] for x in launches]
    return TimeNoise(noise(cpu), noise(loop), abs(relative_gain(cpu).value), abs(relative_gain(loop).value))


def time_gains(
    launches: Sequence[Sequence[Pair]],
    cells: int,
    control: TimeNoise,
    routes: set[str],
    prefix: str = "",
    first: int = 0,
) -> tuple[Gain, ...]:
    """CPU and loop time saved, with lower bounds, beside the A/A noise of the same run; the spread of the `first`
    launches decided how many there are, if any did.
    """
    if not any(launches):
        return ()
    many = len(launches) >= FEWEST_LAUNCHES
    cpu, loop = (control.cpu_seen, control.loop_seen) if many else (control.cpu, control.loop)
    by = sqrt(len(launches)) if many else 1
    return (
        _gain(f"{prefix}cpu", [[p.cpu for p in x] for x in launches], cells, cpu / by, routes, first),
        _gain(f"{prefix}loop", [[p.loop for p in x] for x in launches], cells, loop / by, routes, first),
    )


def pairs_wanted(first: Sequence[Sequence[Pair]], most: int) -> int:
    """How many pairs of processes it takes, by how far the first ones differ in CPU time."""
    launches = [[p.cpu for p in x] for x in first]
    return launches_wanted(launches, most) if _are_many(launches) else len(first)


def _are_many(launches: Sequence[Launch]) -> bool:
    return len(launches) >= FEWEST_LAUNCHES and all(sum(a for a, _ in x) > 0 for x in launches)


def _gain(
    name: str, launches: Sequence[Launch], cells: int, control: float, routes: set[str], first: int
) -> Gain:
    interval = gain_of_launches(launches, first) if _are_many(launches) else relative_gain(launches)
    count = sum(len(launch) for launch in launches) * max(cells, 1)
    before, after = (sum(p[side] for launch in launches for p in launch) / count for side in (0, 1))
    return Gain(name, "us", before, after, interval.low, control, tuple(sorted(routes)))
