"""Real candidates through the gates: what is refused, at which gate and why; what is kept; and what is left behind."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec import Struct
from msgspec.structs import replace

from strop.finding import Finding
from strop.measure import serve
from strop.patch import Edit, Patch
from strop.proof.cost import TimeNoise
from strop.proof.judge import Candidate, Judgement
from strop.span import Span
from strop.verdict import Behaviour
from tests.proof.observed import Seen, Swap, patch, seen, swap

LIST, ONE = "GET /books", "GET /books/{book_id}"
SHOWN = "def shown(book: Book) -> BookOut:\n"
STATS = "async def stats(db: Db) -> dict[str, float | int | str | None]:\n"
IMPORT = "from sqlalchemy.orm import Session as Database"
GET = "    book = db.get(Book, book_id)\n    if book is None or book.hidden:\n"
PAGE = "query.order_by(Book.title, Book.id)"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    with pytest.MonkeyPatch.context() as patched, seen(tmp_path_factory.mktemp("judge") / "ledger") as opened:
        patched.setattr(serve, "REQUEST_LIMIT", 3.0)
        busy = TimeNoise(cpu=0.25, loop=0.25)  # counters decide here, not how busy the machine is
        yield replace(opened, base=replace(opened.base, noise=busy))


def finding(*routes: str) -> Finding:
    return Finding(
        "DB001", "lazy-load", "db", "warning", 1.0, "measured", Span("app/main.py", 1), routes, "", "", ""
    )


def judge(made: Seen, changed: Patch, *routes: str) -> Candidate:
    """The candidate, closed: nothing of it may be left."""
    candidate = Judgement(made.base, made.tip, finding(*routes or (LIST,)), changed, made.base.cells).run()
    candidate.close()
    assert not candidate.root.exists()
    return candidate


def loads(how: str) -> tuple[Swap, Swap]:
    return (
        swap(PAGE, f"query.options({how}(Book.author)).order_by(Book.title, Book.id)"),
        swap(IMPORT, f"{IMPORT}\nfrom sqlalchemy.orm import {how}"),
    )


class Refusal(Struct, frozen=True):
    """A candidate, the gate at which it ends, and what is said."""

    swaps: tuple[Swap, ...]
    gate: int
    said: str
    path: str = ""


REFUSED = {
    "lint": Refusal((swap("    db.delete(book)\n    db.commit()\n", "    db.delete(book)\n"),), 0, "removes a commit"),
    "contract": Refusal((swap("limit: Annotated[int, Query(ge=1, le=100)] = 20", "limit: Annotated[int, Query(ge=1, le=50)] = 20"),), 1, "OpenAPI"),
    "another answer": Refusal((swap("price=book.price", "price=book.price + 1"),), 3, "differs at body $", "body $"),
    "another row": Refusal((swap("{user.name} added", "{user.id} added"),), 3, "rows audit", "rows audit"),
    "raises": Refusal((swap(SHOWN, SHOWN + "    if book.sold == 0:\n        1 / 0\n"),), 3, "exception", "exception"),
    "hangs in a thread": Refusal((swap(SHOWN, "import time\n\n\n" + SHOWN + "    time.sleep(600)\n"),), 3, "exception", "exception"),
    "hangs the loop": Refusal((swap(STATS, STATS + "    while True:\n        pass\n"),), 3, "/stats differs at exception", "exception"),
    "ends its process": Refusal((swap(STATS, STATS + "    __import__('os')._exit(1)\n"),), 3, "/stats differs at exception", "exception"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_different(made: Seen, name: str) -> None:
    wanted = REFUSED[name]
    candidate = judge(made, patch(*wanted.swaps))
    verdict = candidate.verdict
    assert (verdict.behaviour, verdict.kept) == (Behaviour.DIFFERENT, False)
    assert wanted.said in verdict.reason
    assert [gate.number for gate in verdict.gates if not gate.passed] == [wanted.gate]
    assert verdict.gates[-1].number == wanted.gate
    if wanted.path:
        assert verdict.differences[0].path.startswith(wanted.path)
        assert verdict.differences[0].cell in {cell.id for cell in made.base.cells}


def test_what_the_base_itself_answers_otherwise_by_now_is_relaxed(made: Seen) -> None:
    cell = next(
        c for c in made.base.cells if c.route == LIST and made.base.outcomes[c.id].answer.status == 200
    )
    old = made.base.outcomes[cell.id]
    stale = {**made.base.outcomes, cell.id: replace(old, answer=replace(old.answer, body=b'{"files": 3}'))}
    base, tip = replace(made.base, outcomes=stale), replace(made.tip, outcomes=stale)
    candidate = Judgement(base, tip, finding(LIST), patch(*loads("selectinload")), base.cells).run()
    candidate.close()
    assert candidate.verdict.behaviour is Behaviour.UNSPECIFIED
    assert all(line.startswith(f"{LIST}  ") for line in candidate.verdict.relaxed)


FAILS = {
    "at import": (swap(SHOWN, "prices = nothing\n\n\n" + SHOWN), "name 'nothing' is not defined"),
    "by its syntax": (swap(SHOWN, "def shown(:\n"), "SyntaxError"),
    "by ending the process": (swap(SHOWN, "import os\n\nos._exit(3)\n\n\n" + SHOWN), "exit status 3"),
}


@pytest.mark.parametrize("name", FAILS)
def test_a_candidate_that_does_not_start_is_different_and_says_why(made: Seen, name: str) -> None:
    change, said = FAILS[name]
    verdict = judge(made, patch(change)).verdict
    assert (verdict.behaviour, verdict.kept) == (Behaviour.DIFFERENT, False)
    assert said in verdict.reason


def test_a_patch_that_was_made_from_another_file(made: Seen) -> None:
    other = replace(patch(), edits=(Edit("app/main.py", "something else\n", "app = 1\n"),))
    verdict = judge(made, other).verdict
    assert (verdict.behaviour, verdict.kept) == (Behaviour.DIFFERENT, False)
    assert "not the one that the patch was made from" in verdict.reason


@pytest.mark.parametrize(
    "change",
    [
        swap(SHOWN, "def unused(book: Book) -> int:\n    return book.id\n\n\n" + SHOWN),
        swap("def stats(", "def stats(", "app/main.py"),
    ],
    ids=["a function that nobody calls", "nothing"],
)
def test_lines_that_no_request_executes_are_insufficient(made: Seen, change: Swap) -> None:
    verdict = judge(made, patch(change)).verdict
    assert (verdict.behaviour, verdict.kept) == (Behaviour.INSUFFICIENT, False)
    assert verdict.reached == 0
    assert verdict.cells == len(made.base.cells)


@pytest.mark.parametrize("how", ["joinedload", "selectinload"])
def test_what_gives_the_same_for_less_is_kept(made: Seen, how: str) -> None:
    candidate = judge(made, patch(*loads(how)))
    verdict = candidate.verdict
    assert (verdict.behaviour, verdict.kept, verdict.reason) == (Behaviour.IDENTICAL, True, "")
    assert [(gate.number, gate.passed) for gate in verdict.gates] == [
        (0, True),
        (1, True),
        (3, True),
        (9, True),
    ]
    saved = {gain.name: gain for gain in verdict.gains}["queries"]
    assert saved.before > saved.after
    assert saved.noise == 0
    assert verdict.reached > 0
    assert not candidate.dearer_elsewhere


def test_what_costs_the_same_is_not_kept(made: Seen) -> None:
    verdict = judge(
        made,
        patch(
            swap("    books = db.scalars", "    page = db.scalars"),
            swap("for book in books]", "for book in page]"),
        ),
    ).verdict
    assert (verdict.behaviour, verdict.kept) == (Behaviour.IDENTICAL, False)
    assert "gain" in verdict.reason
    assert not verdict.gates[-1].passed


def test_what_another_route_pays_for_is_told(made: Seen) -> None:
    """Fewer queries for the list, one more for a single book."""
    one_more = swap(GET, GET.replace("    if", "    db.scalar(select(func.count(Author.id)))\n    if", 1))
    candidate = judge(made, patch(*loads("joinedload"), one_more))
    assert candidate.verdict.behaviour == Behaviour.IDENTICAL
    assert candidate.dearer_elsewhere


def test_the_base_still_answers_after_all_of_them(made: Seen) -> None:
    cells = made.base.cells[:5]
    assert [made.tip.served.serve(cell).answer for cell in cells] == [
        made.base.outcomes[c.id].answer for c in cells
    ]
