"""How strong a proof is: mistakes made in a change are told by the requests that prove it, or they are listed."""

from __future__ import annotations

from pathlib import Path

import pytest

from strop.measure.observe import Workload
from strop.proof.kill import KillScore, Survivor
from strop.report.prove import document, markdown, text
from strop.report.prove.proved import Proved
from strop.span import Span
from strop.verdict import Behaviour
from tests.actions.test_prove import changed, proved
from tests.proof.observed import swap

ORDER = swap(
    "books = db.scalars(query.order_by(Book.title, Book.id).offset(offset).limit(limit)).all()",
    "books = list(db.scalars(query.order_by(Book.title, Book.id).offset(offset).limit(limit)))",
)
BEST = swap("best.title if best else None", "None if best is None else best.title")
UNUSED = swap("    book = Book(title=given", "    weight = len(given.title) + 3\n    book = Book(title=given")


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Proved:
    home = changed(tmp_path_factory.mktemp("kill") / "home", ORDER, BEST)
    return proved(home, mutants=8)


def test_mistakes_are_told_and_what_is_not_is_listed(found: Proved) -> None:
    kill = found.kill
    assert kill is not None
    left = {s.operator: s for s in kill.survivors}
    assert "limit removed" not in left  # told by a request with a limit
    assert "order_by removed" not in left
    tie = left["last argument dropped"]  # SQLite gives equal titles in the order of their ids anyway
    assert tie.change.endswith("order_by(Book.title)")
    assert tie.span.symbol == "list_books"
    assert tie.requests >= 2
    assert kill.killed + len(left) == kill.judged >= 5
    assert found.verdict.behaviour is Behaviour.IDENTICAL


def test_every_format_tells_the_survivors(found: Proved) -> None:
    told = "\n".join(text.lines(found))
    assert f"{found.kill.killed} of {found.kill.judged} told" in told  # type: ignore[union-attr] # is there
    for form in (told, markdown.render(found), document.render(found)):
        assert "order_by(Book.title)" in form.replace("\\", "")


def test_a_change_whose_mistakes_nobody_tells_is_not_proved(tmp_path: Path) -> None:
    found = proved(changed(tmp_path / "home", UNUSED), mutants=4)
    assert found.executed.reached
    assert found.verdict.behaviour is Behaviour.INSUFFICIENT
    assert found.verdict.reason == "the requests that execute the change told 0 of 2 mistakes made in it"


def test_tests_tell_what_no_cell_executes(tmp_path: Path) -> None:
    absent = swap("book is None or book.hidden", "not (book is not None and not book.hidden)")
    found = proved(changed(tmp_path / "home", absent), Workload(openapi=False), mutants=3)
    kill = found.kill
    assert kill is not None
    assert (kill.judged, kill.unserved) == (3, 0)
    assert kill.killed  # the condition turned answers 404 for a book that is there


def survivors(count: int) -> tuple[Survivor, ...]:
    return tuple(Survivor(Span("a.py", n), "constant changed", "1 -> 2", 3) for n in range(count))


@pytest.mark.parametrize(
    ("score", "weak"),
    [
        (KillScore(), False),
        (KillScore(0, survivors(1)), False),  # one may be equivalent
        (KillScore(0, survivors(2)), True),
        (KillScore(2, survivors(2)), False),
        (KillScore(4, survivors(5)), True),
        (KillScore(9, survivors(2), unseen=(Span("a.py", 1),)), True),
    ],
)
def test_when_a_score_is_too_weak(score: KillScore, weak: bool) -> None:
    assert bool(score.weakness) is weak
    assert score.gate().passed is not weak


def test_what_was_left_out_is_said() -> None:
    assert (
        KillScore(unserved=2).gate().detail.startswith("no mistake could be shown to a request (left out: 2")
    )
    assert KillScore(3, survivors(1), equivalent=1).gate().detail == "3 of 4 told (left out: 1 equivalent)"
