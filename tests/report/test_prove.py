"""The proof of one change in every format; what an application says can't break out of it."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace
from syrupy.assertion import SnapshotAssertion

from strop.proof.executed import Executed
from strop.report.prove import document, markdown, text
from strop.report.prove.proved import Proved
from strop.report.result import Noise, TargetFacts, Workload
from strop.span import Span
from strop.verdict import Behaviour, Difference, Gain, Gate, Verdict
from tests.report.rendered import print_with

DIFFERENCE = Difference("c0012", "GET /orders", "body $.items[0].price", "value", "12.50", "12.5")
GATES = (Gate(1, "routes and OpenAPI", True, "passed"), Gate(3, "244 recorded cells", True, "passed"))
GAINS = (
    Gain("queries", "", 120, 12, 0.9, 0.0),
    Gain("cpu", "us", 5200, 3100, 0.35, 0.02),
    Gain("threads", "", 10, 11, -0.1, 0.2),
)
IDENTICAL = Proved(
    TargetFacts("shop", "shop.main:app", dialect="sqlite"),
    "main 1a2b3c4d",
    "HEAD 5e6f7a8b",
    ("shop/orders.py", "README.md"),
    Workload("OpenAPI and 47 tests", 291, ("GET /orders",), ("GET /docs",)),
    Noise(291, 290, 0.021),
    Verdict(
        Behaviour.IDENTICAL,
        True,
        "",
        GATES,
        GAINS,
        unproved=("races, timeouts and the behaviour under a load that was not sent",),
        cells=291,
        reached=14,
    ),
    Executed((Span("shop/orders.py", 12, "listed", 14),), (), 1),
    seconds=31.4,
)
DIFFERENT = replace(
    IDENTICAL,
    verdict=replace(
        IDENTICAL.verdict,
        behaviour=Behaviour.DIFFERENT,
        kept=False,
        reason="GET /orders body $.items[0].price",
        gains=(),
        differences=(
            DIFFERENCE,
            replace(DIFFERENCE, path="header x-total", kind="missing", before="25", after=""),
        ),
    ),
    command="strop prove main..HEAD --cell c0012",
)
INSUFFICIENT = replace(
    IDENTICAL,
    verdict=replace(
        IDENTICAL.verdict,
        behaviour=Behaviour.INSUFFICIENT,
        kept=False,
        reason="no request executed 1 of 2 changed statements",
    ),
    executed=Executed(
        (Span("shop/orders.py", 12, "listed", 14),), (Span("shop/orders.py", 31, "refund", 31),)
    ),
    notes=("1 changed test files are no witnesses: tests/test_orders.py",),
)
PROOFS = {"identical": IDENTICAL, "different": DIFFERENT, "insufficient": INSUFFICIENT}


@pytest.mark.parametrize("name", PROOFS)
def test_text(name: str, snapshot: SnapshotAssertion) -> None:
    piped = print_with(40, lambda console: text.write(PROOFS[name], console), terminal=False)
    assert print_with(100, lambda console: text.write(PROOFS[name], console)) + "\n" + piped == snapshot


@pytest.mark.parametrize("name", PROOFS)
def test_markdown(name: str, snapshot: SnapshotAssertion) -> None:
    assert markdown.render(PROOFS[name]) == snapshot


def test_the_document_says_what_the_values_say() -> None:
    found = json.loads(document.render(DIFFERENT))
    assert found["schema"] == 1
    assert found["verdict"]["behaviour"] == "DIFFERENT"
    assert found["verdict"]["differences"][0]["path"] == "body $.items[0].price"
    assert found["executed"]["reached"][0]["file"] == "shop/orders.py"


def test_what_an_application_answers_stays_text_and_secrets_stay_here() -> None:
    evil = replace(DIFFERENCE, before="`](javascript:1)<img src=x>\n# big", after='{"password": "hunter22"}')
    shown = replace(DIFFERENT, verdict=replace(DIFFERENT.verdict, differences=(evil,)))
    written = markdown.render(shown)
    assert "<img" not in written
    assert "\n# big" not in written
    everything = written + document.render(shown) + print_with(80, lambda console: text.write(shown, console))
    assert "hunter22" not in everything


def test_a_base_that_was_not_run_is_named() -> None:
    known = replace(IDENTICAL, recorded=1_790_000_000.0)
    said = "known since 2026-09-2"
    piped = print_with(200, lambda console: text.write(known, console), terminal=False)
    assert next(line for line in piped.splitlines() if line.startswith("base  ")).startswith(f"base  {said}")
    assert f"The base was not run: what it answers is {said}" in markdown.render(known)
    assert "known since" not in markdown.render(IDENTICAL)


def test_what_differs_alike_in_several_answers_is_said_once() -> None:
    moved = Difference("c1", "GET /books", "body $", "order", "[0] 20", "[0] 30")
    other = replace(moved, cell="c2", before="[3] 5", after="[3] 8")
    lost = Difference("c2", "GET /books", "header x-total", "missing", "9", "")
    assert text.distinct([moved, other, lost]) == [
        "GET /books  body $: the same in another order, first [0] 20 before, [0] 30 after  (and in 1 request more)",
        "GET /books  header x-total: 9 before, nothing after",
    ]


@pytest.mark.parametrize(
    ("gain", "told"),
    [
        (Gain("queries", "", 10, 11, -0.1, 0.0), True),
        (Gain("cpu", "us", 1000, 1050, -0.12, 0.042), False),  # 5 % more, and as well 2 % less
        (Gain("cpu", "us", 1000, 1100, -0.13, 0.042), True),
        (Gain("cpu", "us", 1000, 900, -0.02, 0.01), False),
        (Gain("cpu", "us", 1000, 800, 0.15, 0.02), True),
    ],
    ids=str,
)
def test_a_cost_is_told_where_its_whole_interval_is_beyond_the_noise(gain: Gain, told: bool) -> None:
    proved = replace(IDENTICAL, verdict=replace(IDENTICAL.verdict, gains=(gain,)))
    assert text.costs(proved) == ((gain,) if told else ())
