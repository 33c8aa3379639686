"""How much cheaper is B than A, when each launch is a pair of fresh processes?

Processes of the same code differ from each other by more than their rounds do, and no number of rounds tells by how
much: launches are the sample. Three to ten of them are too few for a bootstrap, which finds a difference of nothing
in 17 of 100 A/A runs where it says 5 (`benchmarks/ab_test.py`); Student's t keeps its word ("The probable error of a
mean", 1908; as Kalibera and Jones advise for the highest level that varies, "Rigorous Benchmarking in Reasonable
Time", 2013, section 9).
"""

from __future__ import annotations

from collections.abc import Sequence
from math import fsum, sqrt
from statistics import fmean, stdev

from strop.stats.bootstrap import Interval, Launch

FEWEST = 3  # launches, for an interval that says something of other launches
# the 97.5th percentile of Student's t by degrees of freedom, from 2: a two-sided interval at 95 %
_T = (4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228)


def gain_of_launches(launches: Sequence[Launch]) -> Interval:
    """The share of A's cost that B saves, with a two-sided interval at 95 % over launches.

    Each launch holds pairs (cost of A, cost of B) that were measured side by side. Raises ValueError for fewer than
    FEWEST launches, or one in which A costs nothing.
    """
    costs = [(fsum(a for a, _ in launch), fsum(b for _, b in launch)) for launch in launches]
    if len(costs) < FEWEST or any(a <= 0 for a, _ in costs):
        raise ValueError(f"{len(costs)} launches, or one without a cost")
    gains = [1 - b / a for a, b in costs]
    value = 1 - fsum(b for _, b in costs) / fsum(a for a, _ in costs)
    error = _T[min(len(gains) - FEWEST, len(_T) - 1)] * stdev(gains) / sqrt(len(gains))
    middle = fmean(gains)
    return Interval(value, min(middle - error, value), max(middle + error, value))
