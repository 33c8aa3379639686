"""The methods are tried on distributions whose true difference is known."""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strop.stats.bootstrap import Launch, relative_gain
from strop.stats.noise import noise, stands_out

SEEDS = range(60)


def launches(
    seed: int, gain: float, *, count: int = 8, rounds: int = 20, between: float = 0.01, within: float = 0.05
) -> list[Launch]:
    """Launches with their own bias for B against A, and noisy rounds within."""
    random = Random(seed)
    drawn: list[Launch] = []
    for _ in range(count):
        bias = random.gauss(1, between)
        drawn.append(
            [
                (random.gauss(100, 100 * within), random.gauss(100 * (1 - gain) * bias, 100 * within))
                for _ in range(rounds)
            ]
        )
    return drawn


@pytest.mark.parametrize("gain", [0.0, 0.05, 0.3, -0.2])
def test_the_interval_covers_the_true_gain_about_as_often_as_it_says(gain: float) -> None:
    intervals = [relative_gain(launches(seed, gain), seed=seed, resamples=300) for seed in SEEDS]
    covered = sum(i.low <= gain <= i.high for i in intervals) / len(intervals)
    assert covered >= 0.83  # a bootstrap over 8 launches is a little narrow; 0.95 is nominal
    assert sum(i.value for i in intervals) / len(intervals) == pytest.approx(gain, abs=0.01)


def test_a_gain_of_a_tenth_is_seen_and_none_is_not() -> None:
    seen = [relative_gain(launches(seed, 0.1), seed=seed, resamples=300).real for seed in SEEDS]
    imagined = [relative_gain(launches(seed, 0.0), seed=seed, resamples=300).real for seed in SEEDS]
    assert sum(seen) == len(seen)
    assert sum(imagined) / len(imagined) <= 0.17


def test_spread_between_launches_widens_the_interval() -> None:
    calm = relative_gain(launches(1, 0.1, between=0.0), resamples=500)
    wild = relative_gain(launches(1, 0.1, between=0.1), resamples=500)
    assert wild.high - wild.low > 2 * (calm.high - calm.low)


costs = st.lists(
    st.lists(st.tuples(st.floats(0.1, 1e6), st.floats(0, 1e6)), min_size=1, max_size=8),
    min_size=1,
    max_size=5,
)


@settings(deadline=None)
@given(costs, st.integers(0, 9))
def test_bounds_enclose_each_other_and_repeat(drawn: list[list[tuple[float, float]]], seed: int) -> None:
    one = relative_gain(drawn, seed=seed, resamples=50)
    assert one.low <= one.high <= 1
    assert one == relative_gain(drawn, seed=seed, resamples=50)


@settings(deadline=None)
@given(costs, st.sampled_from([0.5, 2.0, 1024.0]))
def test_the_unit_does_not_matter(drawn: list[list[tuple[float, float]]], unit: float) -> None:
    scaled = [[(a * unit, b * unit) for a, b in launch] for launch in drawn]
    one, other = relative_gain(drawn, resamples=50), relative_gain(scaled, resamples=50)
    assert (one.value, one.low, one.high) == pytest.approx((other.value, other.low, other.high))


@given(st.lists(st.lists(st.floats(1, 1e6), min_size=1, max_size=8), min_size=1, max_size=5))
@settings(deadline=None)
def test_exact_counters_leave_no_doubt(drawn: list[list[float]]) -> None:
    half = relative_gain([[(a, a / 2) for a in launch] for launch in drawn], resamples=50)
    assert (half.value, half.low, half.high) == pytest.approx((0.5, 0.5, 0.5))
    assert noise([[(a, a) for a in launch] for launch in drawn], resamples=50) == pytest.approx(0)


def test_noise_bounds_what_the_same_code_seems_to_gain() -> None:
    control = noise(launches(3, 0.0), resamples=500)
    assert 0.005 < control < 0.05
    assert stands_out(relative_gain(launches(4, 0.1), resamples=500), control)
    assert not stands_out(relative_gain(launches(5, 0.0), resamples=500), control)
    assert not stands_out(relative_gain(launches(6, -0.5), resamples=500), control)


@pytest.mark.parametrize("drawn", [[], [[]], [[(0.0, 1.0)]]])
def test_nothing_to_compare(drawn: list[Launch]) -> None:
    with pytest.raises(ValueError, match="no cost"):
        relative_gain(drawn)


def test_free_rounds_do_not_break_a_resample() -> None:
    gain = relative_gain([[(0.0, 0.0), (0.0, 0.0), (10.0, 5.0)]], resamples=200)
    assert (gain.value, gain.high) == (0.5, 0.5)
