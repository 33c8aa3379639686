from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strop.report import quantity


@pytest.mark.parametrize(
    ("number", "shown"),
    [(60_000, "60,000"), (201, "201"), (201.4, "201"), (1.5, "1.5"), (0, "0"), (0.25, "0.25"), (2.0, "2")],
)
def test_count(number: float, shown: str) -> None:
    assert quantity.count(number) == shown


@pytest.mark.parametrize(
    ("microseconds", "shown"),
    [
        (0, "0 ms"),
        (350, "350 µs"),
        (999.6, "1 ms"),
        (61_000, "61 ms"),
        (1_240_000, "1.24 s"),
        (999_800, "1 s"),
        (0.4, "0.4 µs"),
        (7_200_000_000, "7,200 s"),
    ],
)
def test_duration(microseconds: float, shown: str) -> None:
    assert quantity.duration(microseconds) == shown


@pytest.mark.parametrize(
    ("octets", "shown"), [(0, "0 B"), (812, "812 B"), (4_100_000, "4.1 MB"), (2e9, "2 GB")]
)
def test_size(octets: float, shown: str) -> None:
    assert quantity.size(octets) == shown


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        (201, 2, "-99 %"),
        (60_120, 9, "-99.99 %"),
        (60_000_000, 1, "-99.999 %"),
        (5, 0, "-100 %"),
        (100, 100, "0 %"),
        (100, 112, "+12 %"),
        (1_000, 999, "-0.1 %"),
        (0, 0, ""),
        (0, 3, "new"),
    ],
)
def test_change(before: float, after: float, shown: str) -> None:
    assert quantity.change(before, after) == shown


@given(st.floats(1, 1e12), st.floats(1e-9, 1e12))
def test_a_hundred_per_cent_is_gone_only_when_nothing_is_left(before: float, after: float) -> None:
    assert quantity.change(before, after) != "-100 %"


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (2, "ms", "2 ms"),
        (0.5, "s", "500 ms"),
        (3, "bytes", "3 B"),
        (1_200, "queries", "1,200 queries"),
        (2, "", "2"),
    ],
)
def test_amount(value: float, unit: str, shown: str) -> None:
    assert quantity.amount(value, unit) == shown


def test_numbers_at_an_arrow_are_counts() -> None:
    assert quantity.arrows("rows 1.23346e+06 -> 55192") == "rows 1,233,460 → 55,192"
    assert quantity.arrows("blocking 4 -> 0") == "blocking 4 → 0"
    assert quantity.arrows("Python 3.12.1, ruff 0.14") == "Python 3.12.1, ruff 0.14"
