"""What several configurations tell of one change: the worst word, by name, and what any of them executed."""

from __future__ import annotations

from strop.actions.configurations import Configured, configured, join, join_executed
from strop.proof.executed import Executed
from strop.span import Span
from strop.target import Configuration, Target
from strop.verdict import Behaviour, Difference, Verdict

ONE, TWO = Span("a.py", 1, "f"), Span("a.py", 2, "f")
SAME = Verdict(Behaviour.IDENTICAL, True, "", (), cells=3, reached=1)
OPEN = Verdict(Behaviour.UNSPECIFIED, True, "", (), relaxed=("GET /x  body $.now",), cells=3)
TOLD = Difference("c0001", "GET /x", "status", "value", "200", "500")
OTHER = Verdict(Behaviour.DIFFERENT, False, "GET /x status", (), differences=(TOLD,), cells=2)


def seen(name: str, verdict: Verdict, *reached: Span) -> Configured:
    return Configured(name, verdict, Executed(reached), 1.0)


def test_one_that_differs_decides_and_is_named() -> None:
    whole = join(SAME, [seen("CACHE=on", SAME), seen("CACHE=off", OTHER)])
    assert (whole.behaviour, whole.kept, whole.cells, whole.reached) == (Behaviour.DIFFERENT, False, 8, 2)
    assert [d.world for d in whole.differences] == ["with CACHE=off"]
    assert [(g.name, g.passed) for g in whole.gates] == [
        ("3 requests with CACHE=on", True), ("2 requests with CACHE=off", False),
    ]  # fmt: skip


def test_what_one_leaves_open_is_said_with_its_name() -> None:
    whole = join(SAME, [seen("CACHE=on", OPEN)])
    assert (whole.behaviour, whole.relaxed) == (
        Behaviour.UNSPECIFIED,
        ("GET /x  body $.now (with CACHE=on)",),
    )


def test_what_any_of_them_executes_is_executed() -> None:
    whole = join_executed(Executed((), (ONE, TWO), 4), [seen("a", SAME), seen("b", SAME, TWO)])
    assert whole == Executed((TWO,), (ONE,), 4)


def test_its_settings_win_over_the_usual_ones() -> None:
    target = Target("/x", "app:app", False, "python", environ=(("A", "1"), ("B", "1")))
    assert configured(target, Configuration("n", (("B", "2"),))).environ == (("A", "1"), ("B", "2"))
