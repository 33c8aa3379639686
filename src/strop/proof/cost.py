"""CPU time of base and candidate on the same cells: paired, interleaved, both processes alive."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from strop.cell import Cell
from strop.evidence import Outcome
from strop.measure.serve import Served
from strop.stats.bootstrap import Launch, Round, relative_gain
from strop.stats.noise import noise
from strop.verdict import Gain

CELLS = 8  # cells that are timed
BUDGET = 0.5  # seconds for each side
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


@dataclass(frozen=True, slots=True)
class Pair:
    """One round on both sides, us: CPU of the process, and of the event loop's thread alone."""

    cpu: Round
    loop: Round


@dataclass(frozen=True, slots=True)
class TimeNoise:
    """What A/A pairs of the same run still allow, relative."""

    cpu: float = 0.0
    loop: float = 0.0


def pair(
    one: Served,
    other: Served,
    cells: Sequence[Cell],
    outcomes: Mapping[str, Outcome],
    weights: Sequence[float] = (),
    rounds: int = 0,
) -> tuple[Pair, ...]:
    """Rounds on both sides, as many as BUDGET allows or `rounds`; the order within each pair is drawn by chance."""
    whole = sum(max(_length(outcomes[cell.id]), 300) for cell in cells) / 1e6
    rounds = rounds or min(MOST, max(FEWEST, int(BUDGET / whole)))
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
    return TimeNoise(
        noise([[p.cpu for p in x] for x in launches]), noise([[p.loop for p in x] for x in launches])
    )


def time_gains(
    launches: Sequence[Sequence[Pair]],
    cells: int,
    control: TimeNoise,
    routes: set[str],
    prefix: str = "",
) -> tuple[Gain, ...]:
    """CPU and loop time saved, with lower bounds, beside the A/A noise of the same run."""
    if not any(launches):
        return ()
    cpu = _gain(f"{prefix}cpu", "us", [[p.cpu for p in x] for x in launches], cells, control.cpu, routes)
    loop = _gain(
        f"{prefix}loop",
        "us",
        [[p.loop for p in x] for x in launches],
        cells,
        control.loop,
        routes,
    )
    return cpu, loop


def _gain(
    name: str, unit: str, launches: Sequence[Launch], cells: int, control: float, routes: set[str]
) -> Gain:
    interval = relative_gain(launches)
    count = sum(len(launch) for launch in launches) * max(cells, 1)
    before, after = (sum(p[side] for launch in launches for p in launch) / count for side in (0, 1))
    return Gain(name, unit, before, after, interval.low, control, tuple(sorted(routes)))
