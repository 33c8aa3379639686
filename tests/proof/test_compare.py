"""Two outcomes of one cell: every difference is told, with its place and kind."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strop.proof.compare import compare
from strop.proof.values import SHOWN
from tests.proof.made import JSON, outcome, row

Told = list[tuple[str, str]]


def told(before: str | bytes, after: str | bytes) -> Told:
    return [(d.path, d.kind) for d in compare(outcome(before), outcome(after))]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ('{"a": 1}', '{"a": 1.0}', [("body $.a", "value")]),
        ('{"a": 1}', '{"a": "1"}', [("body $.a", "type")]),
        ('{"a": 1.0}', '{"a": 1e0}', [("body $.a", "value")]),
        ('{"a": 0}', '{"a": -0}', [("body $.a", "value")]),
        ('{"a": null}', '{"a": false}', [("body $.a", "type")]),
        ('{"a": true}', '{"a": 1}', [("body $.a", "type")]),
        ('{"a": null}', "{}", [("body $.a", "missing")]),
        ("{}", '{"a": null}', [("body $.a", "added")]),
        ('{"a": 1, "b": 2}', '{"b": 2, "a": 1}', [("body $", "order")]),
        ("[1, 2, 3]", "[1, 3, 2]", [("body $", "order")]),
        ("[1, 2, 3]", "[1, 2]", [("body $", "length")]),
        ("[1, 2, 3]", "[1, 2, 4]", [("body $[2]", "value")]),
        ('[{"a": {"b": [0]}}]', '[{"a": {"b": [1]}}]', [("body $[0].a.b[0]", "value")]),
        ('{"a": 1}', '{"a":1}', [("body", "bytes")]),
        ('{"a": 1, "a": 2}', '{"a": 3, "a": 2}', [("body", "bytes")]),
        ("{}", "[]", [("body $", "type")]),
        ("{}", "no JSON", [("body", "value")]),
        (b"\xff\x00", b"\xff\x01", [("body", "value")]),
        ("", "{}", [("body", "value")]),
        ("[" * 100_000, "[" * 99_999, [("body", "value")]),
    ],
)
def test_bodies(before: str | bytes, after: str | bytes, expected: Told) -> None:
    assert told(before, after) == expected


def packed(text: str, level: int = 9) -> bytes:
    return gzip.compress(text.encode(), level, mtime=0)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (packed('{"a": [1, 2]}'), packed('{"a": [2, 1]}'), [("body $.a", "order")]),
        (packed("[1]" * 99, 1), packed("[1]" * 99, 9), [("body", "value")]),
        (packed("[11111111111111111]", 0), packed("[11111111111111111]"), [("body", "bytes")]),
        (packed("[1]"), b"broken", [("body", "value")]),
    ],
)
def test_compressed_bodies_are_compared_by_what_is_in_them(
    before: bytes, after: bytes, expected: Told
) -> None:
    headers = [JSON, ("content-encoding", "gzip")]
    differences = compare(outcome(before, headers=headers), outcome(after, headers=headers))
    assert [(d.path, d.kind) for d in differences] == expected


def test_status_exception_and_a_lost_body_come_before_headers() -> None:
    before = outcome("{}", headers=[JSON, ("content-length", "2")])
    after = outcome("", status=500, headers=[JSON, ("content-length", "0")], exception="KeyError")
    assert [d.path for d in compare(before, after)] == [
        "exception",
        "status",
        "body",
        "header content-length",
    ]


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([JSON], [JSON, ("x-total", "1")], [("header x-total", "added")]),
        ([JSON, ("x-total", "1")], [JSON], [("header x-total", "missing")]),
        ([("a", "1"), ("b", "2")], [("b", "2"), ("a", "1")], [("headers", "order")]),
        (
            [("set-cookie", "a=1"), ("set-cookie", "b=2")],
            [("set-cookie", "b=2")],
            [("header set-cookie", "value")],
        ),
        (
            [("set-cookie", "a=1"), ("set-cookie", "b=2")],
            [("set-cookie", "a=9"), ("set-cookie", "b=2")],
            [("header set-cookie", "value")],
        ),
        (
            [("set-cookie", "a=1"), ("set-cookie", "b=2")],
            [("set-cookie", "b=2"), ("set-cookie", "a=1")],
            [("header set-cookie", "value")],
        ),
    ],
)
def test_headers(before: list[tuple[str, str]], after: list[tuple[str, str]], expected: Told) -> None:
    found = compare(outcome(headers=before), outcome(headers=after))
    assert [(d.path, d.kind) for d in found] == expected


def test_rows() -> None:
    before = outcome(rows=[row(id="1"), row("u", "removed", id="2")])
    after = outcome(rows=[row(id="1"), row("u", "removed", id="3")])
    assert [(d.path, d.kind, d.before, d.after) for d in compare(before, after)] == [
        ("rows u removed", "missing", '{"id": "2"}', ""),
        ("rows u removed", "added", "", '{"id": "3"}'),
    ]


def test_a_row_written_twice_is_another_thing_than_once() -> None:
    found = compare(outcome(rows=[row(a="1")]), outcome(rows=[row(a="1"), row(a="1")]))
    assert [(d.path, d.kind) for d in found] == [("rows t added", "added")]


def test_rows_have_no_order() -> None:
    one, two = row(id="1"), row(id="2")
    assert compare(outcome(rows=[one, two]), outcome(rows=[two, one])) == ()


def test_long_values_are_cut() -> None:
    (found,) = compare(outcome(json.dumps("x" * 1000)), outcome(json.dumps("y" * 1000)))
    assert len(found.before) == len(found.after) == SHOWN


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=True) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES, VALUES)
def test_equal_bytes_and_nothing_else_are_equal(one: object, other: object) -> None:
    before, after = json.dumps(one), json.dumps(other)
    found = compare(outcome(before), outcome(after))
    assert (found == ()) == (before == after)
    assert all(d.path.startswith("body") for d in found)
