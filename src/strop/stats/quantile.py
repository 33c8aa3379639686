"""Where does a share of the values lie?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor


@dataclass(frozen=True, slots=True)
class Tail:
    """The middle and the slow end of a set of latencies, in the unit of the values."""

    p50: float
    p95: float
    p99: float


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the values lie, interpolated between the two nearest.

    Raises ValueError for no values or a share outside 0 to 1.
    """
    return quantile_of_sorted(sorted(values), share)


def tail(values: Sequence[float]) -> Tail:
    """The 50th, 95th and 99th percentile. Raises ValueError for no values."""
    ordered = sorted(values)
    p50, p95, p99 = (quantile_of_sorted(ordered, share) for share in (0.5, 0.95, 0.99))
    return Tail(p50, p95, p99)


def quantile_of_sorted(ordered: Sequence[float], share: float) -> float:
    """As `quantile`, for values that are already in ascending order."""
    if not ordered or not 0 <= share <= 1:
        raise ValueError(f"no quantile {share} of {len(ordered)} values")
    place = share * (len(ordered) - 1)
    low, high = ordered[floor(place)], ordered[ceil(place)]
    return low + (high - low) * (place - floor(place)) if high > low else low
