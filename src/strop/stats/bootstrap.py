"""How much cheaper is B than A, at least?

Runs differ between launches of the process more than within one, so both levels are resampled: launches
first, then the rounds of each (Kalibera and Jones, "Rigorous Benchmarking in Reasonable Time", 2013). A
round is a pair of costs that were measured side by side, so that what disturbs the machine disturbs both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import fsum
from random import Random

from strop.stats.quantile import quantile_of_sorted

Round = tuple[float, float]  # cost of A, cost of B
Launch = Sequence[Round]

RESAMPLES = 2000  # the bounds move by less than a tenth of their width from seed to seed
CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """A relative difference with its bounds: 0.2 means that B costs a fifth less than A."""

    value: float
    low: float
    high: float

    @property
    def real(self) -> bool:
        """Whether zero lies outside: the difference is more than noise."""
        return self.low > 0 or self.high < 0


def relative_gain(
    launches: Sequence[Launch],
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
) -> Interval:
    """The share of A's cost that B saves, with a two-sided interval from a hierarchical bootstrap.

    Each launch holds pairs (cost of A, cost of B). The gain is 1 - sum of B / sum of A, so long rounds
    weigh as much as they cost. Costs must not be negative. With one launch only its rounds are resampled:
    the interval then says nothing of other launches. Raises ValueError without a pair or when A costs
    nothing.
    """
    filled = [launch for launch in launches if launch]
    value = _gain(fsum(a for x in filled for a, _ in x), fsum(b for x in filled for _, b in x))
    random = Random(seed)
    gains = sorted(_resampled(filled, value, random) for _ in range(resamples))
    edge = (1 - confidence) / 2
    return Interval(value, quantile_of_sorted(gains, edge), quantile_of_sorted(gains, 1 - edge))


def _resampled(launches: Sequence[Launch], otherwise: float, random: Random) -> float:
    before = after = 0.0
    for launch in random.choices(launches, k=len(launches)):
        for a, b in random.choices(launch, k=len(launch)):
            before += a
            after += b
    # a resample can hit free rounds alone; it says nothing, so it pulls to the value
    return _gain(before, after) if before > 0 else otherwise


def _gain(before: float, after: float) -> float:
    if before <= 0:
        raise ValueError("no cost to compare with")
    return 1 - after / before
