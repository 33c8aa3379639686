"""What the base leaves open is let pass: that cell and that path, and nothing else."""

from __future__ import annotations

from strop.proof.compare import compare
from strop.proof.relax import relax
from tests.proof.made import JSON, outcome, row


def test_only_that_cell_and_path() -> None:
    one = [outcome('{"now": 1, "id": 5}'), outcome('{"now": 1, "id": 5}', cell="c2")]
    two = [outcome('{"now": 1, "id": 5}', cell="c2"), outcome('{"now": 2, "id": 5}')]
    relaxed = relax(one, two)
    assert relaxed.lines == ("GET /x  body $.now",)

    def allowed(cell: str, before: str, after: str) -> list[bool]:
        return [relaxed.allows(d) for d in compare(outcome(before, cell=cell), outcome(after, cell=cell))]

    assert allowed("c1", '{"now": 1, "id": 5}', '{"now": 3, "id": 5}') == [True]
    assert allowed("c1", '{"now": 1, "id": 5}', '{"now": 3, "id": 6}') == [True, False]
    assert allowed("c2", '{"now": 1, "id": 5}', '{"now": 3, "id": 5}') == [False]


def test_an_open_body_opens_its_length_but_no_other_header() -> None:
    relaxed = relax([outcome('{"a": 1}')], [outcome('{"a": 2}')])
    before = outcome('{"a": 1}', headers=[JSON, ("content-length", "8"), ("x-total", "1")])
    after = outcome('{"a": 10}', headers=[JSON, ("content-length", "9"), ("x-total", "2")])
    assert [d.path for d in compare(before, after) if not relaxed.allows(d)] == ["header x-total"]


def test_rows_are_let_pass_by_table() -> None:
    relaxed = relax([outcome(rows=[row(token="a")])], [outcome(rows=[row(token="b")])])
    same, other = outcome(rows=[row(token="c")]), outcome(rows=[row("u", token="c")])
    assert all(relaxed.allows(d) for d in compare(outcome(), same))
    assert not any(relaxed.allows(d) for d in compare(outcome(), other))


def test_a_base_like_itself_relaxes_nothing() -> None:
    assert relax([outcome()], [outcome()]).paths == frozenset()
