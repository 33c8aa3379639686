"""What an open order lets pass, and what it does not: values, lengths, more than ties, other bytes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strop.proof.unordered import follows, judge, judge_at
from tests.proof.made import outcome, row


def told(before: str, turned: str, after: str) -> tuple[list[str], tuple[str, ...]]:
    judged = judge(outcome(before), outcome(turned), outcome(after))
    return [f"{d.path} {d.kind}" for d in judged.differences], judged.passed


@pytest.mark.parametrize(
    ("before", "turned", "after", "found", "passed"),
    [
        ("[1, 2, 3]", "[3, 2, 1]", "[2, 3, 1]", [], ("body $",)),
        ("[1, 2, 3]", "[3, 2, 1]", "[2, 3]", ["body $ length"], ()),
        ("[1, 2, 3]", "[3, 2, 1]", "[2, 3, 4]", ["body $[0] value"], ()),
        ("[1, 2, 3]", "[1, 3, 2]", "[1, 3, 2]", [], ("body $",)),
        ("[1, 2, 3]", "[1, 3, 2]", "[3, 1, 2]", ["body $ order"], ()),  # only 2 and 3 are ties
        ('[{"a": [1, 2]}]', '[{"a": [2, 1]}]', '[{"a": [2, 1]}]', [], ("body $[].a",)),
        ('[{"a": [1, 2]}]', '[{"a": [1, 2]}]', '[{"a": [2, 1]}]', ["body $[0].a order"], ()),
        ('{"a": 1, "b": 2}', '{"b": 2, "a": 1}', '{"b": 2, "a": 1}', [], ("body $",)),
        ('{"a": 1, "b": 2}', '{"a": 1, "b": 2}', '{"b": 2, "a": 1}', ["body $ order"], ()),
        ("0.30000000000000004", "0.3", "0.29999999999999999", [], ("body $",)),
        ("0.30000000000000004", "0.3", "0.4", ["body $ value"], ()),
        ("7", "9", "8", [], ("body $",)),  # the first of rows in no order
        ("7", "9", '"8"', ["body $ type"], ()),
        ("[1, 2]", "[2, 1]", "[2,1]", ["body bytes"], ("body $",)),
        ("a,1\nb,2", "b,2\na,1", "b,2\na,1", [], ("body lines",)),
        ("a,1\nb,2", "b,2\na,1", "b,2\na,3", ["body lines[0] value"], ()),
    ],
)
def test_a_body(before: str, turned: str, after: str, found: list[str], passed: tuple[str, ...]) -> None:
    assert told(before, turned, after) == (found, passed)


def test_a_status_that_hangs_on_the_order_is_one_of_the_two() -> None:
    before, turned = outcome("1", status=200), outcome("2", status=404)
    assert judge(before, turned, outcome("2", status=404)).differences == ()
    assert judge(before, turned, outcome("3", status=404)).differences != ()


def test_open_rows_are_as_many_as_before() -> None:
    before, turned = outcome(rows=[row(token="a")]), outcome(rows=[row(token="b")])
    assert judge(before, turned, outcome(rows=[row(token="c")])).differences == ()
    assert judge(before, turned, outcome(rows=[])).differences != ()
    assert judge(before, turned, outcome(rows=[row("u", token="c")])).differences != ()


def test_places_that_cells_showed_are_open_in_tests() -> None:
    places = frozenset({"body $[].a"})
    one = outcome('[{"a": [1, 2], "b": [1, 2]}]')
    assert judge_at(places, one, outcome('[{"a": [2, 1], "b": [1, 2]}]')).differences == ()
    other = judge_at(places, one, outcome('[{"a": [2, 1], "b": [2, 1]}]')).differences
    assert [d.path for d in other] == ["body $[0].b"]
    assert judge_at(places, one, outcome(one.answer.body.decode(), status=201)).differences != ()


def pairs(order: list[str]) -> set[tuple[str, str]]:
    return {(a, b) for n, a in enumerate(order) for b in order[n + 1 :]}


@given(st.data())
def test_each_two_stand_as_in_one_of_both(data: st.DataObject) -> None:
    names = [str(n) for n in range(data.draw(st.integers(0, 7)))]
    one, other, found = (list(data.draw(st.permutations(names))) for _ in range(3))
    assert follows(one, other, found) == (pairs(found) <= pairs(one) | pairs(other))
