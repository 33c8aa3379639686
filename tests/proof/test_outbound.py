"""What was sent to other services is part of a cell: each place, query, body and the order."""

from __future__ import annotations

import pytest

from strop.cell import Answer, Call
from strop.evidence import Exchange, Outcome
from strop.proof.compare import compare
from strop.proof.outbound import compare_calls
from strop.proof.relax import relax
from strop.proof.unordered import judge


def http(url: str, text: str = "", method: str = "GET", answered: bool = True) -> Call:
    return Call("http", f"{method} {url}", text, answered)


def mail(to: str, text: str = "Subject: Paid") -> Call:
    return Call("mail", f"mail to {to}", text)


A, B = http("https://a.example/x"), http("https://b.example/x")
PAID = http("https://bank.example/pay", '{"amount": 10, "to": "ann"}', "POST")


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ([A, B], [A, B], []),
        ([A, B], [B, A], [("outbound order", "order")]),
        ([A], [B], [(f"outbound {A.name}", "missing"), (f"outbound {B.name}", "added")]),
        ([A], [A, A], [(f"outbound {A.name}", "added")]),
        ([PAID], [http("https://bank.example/pay", '{"amount": 1, "to": "ann"}', "POST")], [(f"outbound {PAID.name} $.amount", "value")]),
        ([PAID], [http("https://bank.example/pay", '{"amount":10,"to":"ann"}', "POST")], [(f"outbound {PAID.name}", "value")]),
        ([http("https://a.example/x?of=eur")], [http("https://a.example/x?of=usd")], [(f"outbound {A.name} query", "value")]),
        ([A], [http("https://a.example/x", answered=False)], [(f"outbound {A.name} answer", "value")]),
        ([mail("ann")], [mail("bob")], [("outbound mail to ann", "missing"), ("outbound mail to bob", "added")]),
        ([mail("ann")], [mail("ann", "Subject: Sold")], [("outbound mail to ann", "value")]),
        ([Call("task", "task bill", "(1)")], [], [("outbound task bill", "missing")]),
    ],
)  # fmt: skip
def test_differences_have_their_place(
    before: list[Call], after: list[Call], told: list[tuple[str, str]]
) -> None:
    assert [(change.path, change.kind) for change in compare_calls(before, after)] == told


def outcome(*calls: Call) -> Outcome:
    return Outcome("c1", Answer(200), Exchange("c1", "GET /x", "GET", "/x", 200, 0, 0), calls=calls)


def test_an_order_that_the_base_leaves_open_is_open_and_nothing_else() -> None:
    relaxed = relax([outcome(A, B)], [outcome(B, A)])
    assert relaxed.lines == ("GET /x  outbound order",)
    assert all(relaxed.allows(d) for d in compare(outcome(A, B), outcome(B, A)))
    assert not any(relaxed.allows(d) for d in compare(outcome(A, B), outcome(A, PAID)))


def test_calls_that_follow_from_rows_in_no_order_are_open_where_the_base_makes_others_too() -> None:
    assert judge(outcome(A), outcome(B), outcome(B)).passed == (f"outbound {A.name}", f"outbound {B.name}")
    assert judge(outcome(A), outcome(B), outcome(B)).differences == ()
    assert [d.path for d in judge(outcome(A), outcome(B), outcome(PAID)).differences] == [
        f"outbound {PAID.name}"
    ]
    assert judge(outcome(A), outcome(A), outcome(B)).differences
