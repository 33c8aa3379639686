"""Few launches are tried on distributions whose true difference is known."""

from __future__ import annotations

from random import Random

import pytest

from strop.proof.branch import LAUNCHES
from strop.proof.cost import Pair, TimeNoise, time_gains
from strop.report.headline import is_proved
from strop.report.prove.text import is_loss
from strop.stats.bootstrap import relative_gain
from strop.stats.launches import gain_of_launches

RUNS = 200


def run(
    seed: int, gain: float, between: float = 0.01, within: float = 0.05
) -> list[list[tuple[float, float]]]:
    """What one command measures: pairs of processes with a bias of their own, 20 rounds of each."""
    random = Random(seed)
    found = []
    for _ in range(LAUNCHES):
        a, b = 100 * random.gauss(1, between), 100 * (1 - gain) * random.gauss(1, between)
        found.append(
            [(a * random.lognormvariate(0, within), b * random.lognormvariate(0, within)) for _ in range(20)]
        )
    return found


@pytest.mark.parametrize("gain", [0.0, 0.05, -0.4])
@pytest.mark.parametrize("between", [0.0, 0.03])
def test_the_interval_covers_the_true_gain_as_often_as_it_says(gain: float, between: float) -> None:
    intervals = [gain_of_launches(run(seed, gain, between)) for seed in range(RUNS)]
    assert 0.92 <= sum(i.low <= gain <= i.high for i in intervals) / RUNS <= 0.98


def test_a_bootstrap_of_so_few_would_imagine_differences() -> None:
    """Why there are two ways: where this fails the first is enough."""
    seen = [relative_gain(run(seed, 0.0, 0.03), resamples=200).real for seed in range(100)]
    assert sum(seen) / len(seen) > 0.08


def decided(gain: float, seed: int) -> str:
    """What the command says of CPU time, beside a control of one pair of processes."""
    same = relative_gain(run(seed + 10_000, 0.0)[:1], resamples=1).value
    launches = [[Pair(each, each) for each in launch] for launch in run(seed, gain)]
    cpu = time_gains(launches, 8, TimeNoise(cpu_seen=abs(same)), set())[0]
    return "saved" if is_proved(cpu) else "dearer" if is_loss(cpu) else ""


def test_five_percent_are_seen_and_nothing_is_not() -> None:
    """The target: 90 % of changes of 5 %, and at most 5 % of no change (800 requests of each side, 8 a round)."""
    runs = range(RUNS)
    assert sum(decided(0.05, seed) == "saved" for seed in runs) >= 0.9 * RUNS
    assert sum(decided(-0.05, seed) == "dearer" for seed in runs) >= 0.9 * RUNS
    assert sum(decided(0.0, seed) != "" for seed in range(1000)) <= 0.05 * 1000


def test_too_few_and_free_launches_are_refused() -> None:
    with pytest.raises(ValueError, match="2 launches"):
        gain_of_launches([[(1.0, 1.0)]] * 2)
    with pytest.raises(ValueError, match="without a cost"):
        gain_of_launches([[(1.0, 1.0)], [(1.0, 2.0)], [(0.0, 1.0)]])


def test_what_is_equal_is_equal() -> None:
    interval = gain_of_launches([[(2.0, 1.0)], [(4.0, 2.0)], [(6.0, 3.0)]])
    assert (interval.low, interval.value, interval.high) == (0.5, 0.5, 0.5)
