import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strop.stats.quantile import quantile, tail

numbers = st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=60)


@given(st.lists(st.floats(-1e9, 1e9), min_size=2, max_size=60))
def test_percentiles_are_those_of_the_standard_library(values: list[float]) -> None:
    expected = statistics.quantiles(values, n=100, method="inclusive")
    found = tail(values)
    assert [found.p50, found.p95, found.p99] == pytest.approx([expected[49], expected[94], expected[98]])


@given(numbers, st.floats(0, 1), st.floats(0, 1))
def test_a_larger_share_lies_no_lower(values: list[float], one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert min(values) <= quantile(values, low) <= quantile(values, high) <= max(values)


def test_one_value_is_every_percentile() -> None:
    assert tail([7]) == type(tail([7]))(7, 7, 7)


@pytest.mark.parametrize(("values", "share"), [([], 0.5), ([1.0], 1.1), ([1.0], -0.1)])
def test_no_quantile(values: list[float], share: float) -> None:
    with pytest.raises(ValueError, match="no quantile"):
        quantile(values, share)
