"""CPU time of base and candidate on the same cells: paired, interleaved, both processes alive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random

from strop.cell import Cell
from strop.evidence import Outcome
from strop.measure.serve import Served
from strop.stats.bootstrap import Launch, Round, relative_gain
from strop.verdict import Gain

CELLS = 8  # cells that are timed
BUDGET = 0.8  # seconds of CPU for each side
FEWEST, MOST = 5, 40  # rounds


def timed_cells(cells: Sequence[Cell], outcomes: Mapping[str, Outcome], routes: set[str]) -> tuple[Cell, ...]:
    """The cells of these routes that only read and succeed, the dearest first."""
    quiet = [
        cell
        for cell in cells
        if cell.route in routes
        and (outcome := outcomes.get(cell.id)) is not None
        and not outcome.rows
        and 200 <= outcome.answer.status < 400
    ]
    return tuple(sorted(quiet, key=lambda cell: -outcomes[cell.id].exchange.cpu)[:CELLS])


def pair(one: Served, other: Served, cells: Sequence[Cell], outcomes: Mapping[str, Outcome]) -> Launch:
    """Rounds of (CPU us of one, CPU us of the other), the order within each pair drawn by chance."""
    whole = sum(max(outcomes[cell.id].exchange.cpu, 300) for cell in cells) / 1e6
    rounds = min(MOST, max(FEWEST, int(BUDGET / whole)))
    random = Random(0)
    pairs: list[Round] = []
    for side in (one, other):
        side.cpu(cells, 1)  # warm both
    for _ in range(rounds):
        sides = [one, other]
        random.shuffle(sides)
        spent = {id(side): sum(map(sum, side.cpu(cells, 1))) / 1000 for side in sides}
        pairs.append((spent[id(one)], spent[id(other)]))
    return pairs


def cpu_gain(launches: Sequence[Launch], cells: int, noise: float, routes: set[str]) -> Gain | None:
    """The CPU gain with its lower bound, the A/A noise of the same run already paid; None without a pair."""
    if not any(launches):
        return None
    interval = relative_gain(launches)
    count = sum(len(launch) for launch in launches) * max(cells, 1)
    before, after = (sum(p[side] for launch in launches for p in launch) / count for side in (0, 1))
    return Gain("cpu", "us a request", before, after, interval.low - noise, noise, tuple(sorted(routes)))
