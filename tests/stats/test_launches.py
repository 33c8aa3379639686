"""Few launches are tried on distributions whose true difference is known."""

from __future__ import annotations

from random import Random

import pytest

from strop.proof.branch_cost import LAUNCHES, MOST_LAUNCHES
from strop.proof.cost import Pair, TimeNoise, pairs_wanted, time_gains
from strop.report.headline import is_proved
from strop.report.prove.text import is_loss
from strop.stats.bootstrap import relative_gain
from strop.stats.launches import gain_of_launches, launches_wanted

RUNS = 200


def run(
    seed: int, gain: float, between: float = 0.01, within: float = 0.05, count: int = LAUNCHES
) -> list[list[tuple[float, float]]]:
    """What one command measures: pairs of processes with a bias of their own, 20 rounds of each."""
    random = Random(seed)
    found = []
    for _ in range(count):
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


def decided(gain: float, seed: int, between: float) -> str:
    """What the command says of CPU time, beside a control of one pair of processes."""
    same = relative_gain(run(seed + 10_000, 0.0, between)[:1], resamples=1).value
    made = run(seed, gain, between, count=MOST_LAUNCHES)
    launches = [[Pair(each, each) for each in launch] for launch in made]
    launches = launches[: pairs_wanted(launches[:LAUNCHES], MOST_LAUNCHES)]
    cpu = time_gains(launches, 8, TimeNoise(cpu_seen=abs(same)), set(), first=LAUNCHES)[0]
    return "saved" if is_proved(cpu) else "dearer" if is_loss(cpu) else ""


@pytest.mark.parametrize("between", [0.01, 0.02])
def test_five_percent_are_seen_and_nothing_is_not(between: float) -> None:
    """The target: 90 % of changes of 5 %, and at most 5 % of no change, also where processes differ by 3 % from each other."""
    runs = range(RUNS)
    assert sum(decided(0.05, seed, between) == "saved" for seed in runs) >= 0.9 * RUNS
    assert sum(decided(-0.05, seed, between) == "dearer" for seed in runs) >= 0.9 * RUNS
    assert sum(decided(0.0, seed, between) != "" for seed in range(1000)) <= 0.05 * 1000


def test_more_are_wanted_the_further_the_first_differ_and_none_where_they_tell_enough() -> None:
    def wanted(gain: float, between: float) -> list[int]:
        return [launches_wanted(run(seed, gain, between, 0.0), MOST_LAUNCHES) for seed in range(50)]

    quiet, restless, wild = (wanted(0.0, between) for between in (0.002, 0.02, 0.2))
    assert set(quiet) == {LAUNCHES}
    assert LAUNCHES < sum(restless) / len(restless) < MOST_LAUNCHES
    assert sum(n == MOST_LAUNCHES for n in wild) > 40
    assert sum(wanted(0.6, 0.02)) < sum(restless)  # what nobody could miss


def test_too_few_and_free_launches_are_refused() -> None:
    with pytest.raises(ValueError, match="2 launches"):
        gain_of_launches([[(1.0, 1.0)]] * 2)
    with pytest.raises(ValueError, match="without a cost"):
        gain_of_launches([[(1.0, 1.0)], [(1.0, 2.0)], [(0.0, 1.0)]])


def test_what_is_equal_is_equal() -> None:
    interval = gain_of_launches([[(2.0, 1.0)], [(4.0, 2.0)], [(6.0, 3.0)]])
    assert (interval.low, interval.value, interval.high) == (0.5, 0.5, 0.5)
