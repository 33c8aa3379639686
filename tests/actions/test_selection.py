"""Words that name findings: every kind of them, together, and wrong ones."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from strop.actions.selection import select, vocabulary
from strop.finding import Finding
from strop.problem import Problem
from strop.span import Span

BLOCKING = Finding(
    "ASY001", "blocking-call", "async", "error", 0.7, "static", Span("api/x.py", 3), (), "m", "i", "s"
)
LIST = replace(
    BLOCKING, code="DB008", slug="unbounded-list", domain="database", severity="note", confidence=0.9
)


@pytest.mark.parametrize(
    ("only", "ignore", "wanted"),
    [
        ((), (), "both"),
        (("ASY001",), (), "blocking"),
        (("asy",), (), "blocking"),
        (("blocking-call",), (), "blocking"),
        (("database",), (), "list"),
        (("async,DB008",), (), "both"),
        (("confidence>=0.8",), (), "list"),
        (("confidence<0.8",), (), "blocking"),
        (("async", "confidence>=0.8"), (), "none"),
        (("error",), (), "blocking"),
        (("error,note",), (), "both"),
        (("severity>=warning",), (), "blocking"),
        (("severity=note",), (), "list"),
        (("async", "note"), (), "none"),
        ((), ("ASY",), "list"),
        ((), ("note",), "blocking"),
        ((), ("confidence < 0.95",), "none"),
        (("DB",), ("unbounded-list",), "none"),
    ],
)
def test_selection(only: tuple[str, ...], ignore: tuple[str, ...], wanted: str) -> None:
    chosen = select(only, ignore)
    found = {name for name, finding in (("blocking", BLOCKING), ("list", LIST)) if chosen.wants(finding)}
    assert found == {"both": {"blocking", "list"}, "none": set()}.get(wanted, {wanted})


def test_files_have_exceptions_of_their_own() -> None:
    chosen = select((), (), {"api/*": ("ASY",), "x.py": ("DB",)})
    assert not chosen.wants(BLOCKING)
    assert chosen.wants(LIST)


@pytest.mark.parametrize(
    ("word", "advice"),
    [
        ("ASI001", "ASY001"),
        ("blocking-cal", "blocking-call"),
        ("databse", "database"),
        ("eror", "error"),
        ("zzz", "a code"),
        ("confidence>=high", "number"),
        ("severity>=bad", "note, warning, error"),
    ],
)
def test_a_wrong_word_is_a_problem_with_advice(word: str, advice: str) -> None:
    with pytest.raises(Problem) as caught:
        select((word,), ())
    assert caught.value.status == 2
    assert advice in caught.value.do


def test_every_word_that_is_completed_is_one() -> None:
    assert select(vocabulary(), ()).only
