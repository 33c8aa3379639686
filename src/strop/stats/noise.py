"""How different does the same code look from itself? The A/A control that every claim is printed with."""

from __future__ import annotations

from collections.abc import Sequence

from strop.stats.bootstrap import CONFIDENCE, RESAMPLES, Interval, Launch, relative_gain


def noise(
    launches: Sequence[Launch],
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
    confidence: float = CONFIDENCE,
) -> float:
    """The relative difference that A/A pairs still allow: the larger bound of their interval, never negative.

    A gain is worth telling when its lower bound is above it. Raises ValueError without a pair.
    """
    same = relative_gain(launches, seed=seed, resamples=resamples, confidence=confidence)
    return max(abs(same.low), abs(same.high))


def stands_out(gain: Interval, control: float) -> bool:
    """Whether a gain is more than noise: its lower bound lies above zero and above the A/A control."""
    return gain.low > max(control, 0.0)
