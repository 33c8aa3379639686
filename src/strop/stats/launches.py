"""How much cheaper is B than A, when each launch is a pair of fresh processes?

Processes of the same code differ from each other by more than their rounds do, and no number of rounds tells by how
much: launches are the sample. Three to ten of them are too few for a bootstrap, which finds a difference of nothing
in 17 of 100 A/A runs where it says 5 (`benchmarks/ab_test.py`); Student's t keeps its word ("The probable error of a
mean", 1908; as Kalibera and Jones advise for the highest level that varies, "Rigorous Benchmarking in Reasonable
Time", 2013, section 9). How many it takes is asked of the first few's spread, never of what they seem to show, and the
interval goes on with that spread: so it stays exact (Stein, "A Two-Sample Test for a Linear Hypothesis Whose Power Is
Independent of the Variance", 1945).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, fsum, sqrt
from statistics import fmean, stdev

from strop.stats.bootstrap import Interval, Launch

FEWEST = 3  # launches, for an interval that says something of other launches
WIDTH = 0.025  # on either side of the value: what tells a change of 5 % in nine of ten cases
# percentiles of Student's t by degrees of freedom, from 2: of a two-sided interval at 95 %, and of one at 99.8 %
_T = (4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)
_T_SURE = (22.33, 10.21, 7.173, 5.893, 5.208, 4.785, 4.501, 4.297, 4.144)


def gain_of_launches(launches: Sequence[Launch], first: int = 0) -> Interval:
    """The share of A's cost that B saves, with a two-sided interval at 95 % over launches.

    Each launch holds pairs (cost of A, cost of B) that were measured side by side; the spread is that of the `first`
    ones, where those decided how many there are. Raises ValueError for fewer than FEWEST launches, or one in which A
    costs nothing.
    """
    gains = _gains(launches)
    value = 1 - fsum(b for x in launches for _, b in x) / fsum(a for x in launches for a, _ in x)
    spread = gains[: first or len(gains)]
    error = _percentile(_T, spread) * stdev(spread) / sqrt(len(gains))
    middle = fmean(gains)
    return Interval(value, min(middle - error, value), max(middle + error, value))


def launches_wanted(first: Sequence[Launch], most: int) -> int:
    """How many launches it takes, `most` at most, until the interval reaches WIDTH to either side, by the spread of the
    first ones. Those are enough where they tell a difference apart even at 99.8 %, which costs the 95 % nothing.
    Raises like `gain_of_launches`.
    """
    gains = _gains(first)
    spread, count = stdev(gains), len(gains)
    if abs(fmean(gains)) > _percentile(_T_SURE, gains) * spread / sqrt(count):
        return count
    return max(count, min(most, ceil((_percentile(_T, gains) * spread / WIDTH) ** 2)))


def _gains(launches: Sequence[Launch]) -> list[float]:
    costs = [(fsum(a for a, _ in launch), fsum(b for _, b in launch)) for launch in launches]
    if len(costs) < FEWEST or any(a <= 0 for a, _ in costs):
        raise ValueError(f"{len(costs)} launches, or one without a cost")
    return [1 - b / a for a, b in costs]


def _percentile(table: Sequence[float], values: Sequence[float]) -> float:
    return table[min(len(values) - FEWEST, len(table) - 1)]
