"""Gate 4 on the ledger: what only others' credentials, odd values or the constants of the change can tell apart."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from strop.event import ignore
from strop.evidence import Outcome
from strop.fixes.write import apply
from strop.patch import Edit
from strop.problem import Problem
from strop.project.function import Reach
from strop.proof.perturbed import Perturbing
from strop.proof.perturbed_choice import choose_perturbed, constants, reached_routes
from strop.proof.side_by_side import Perturbed
from strop.verdict import Difference
from strop.world import git
from tests import ledger
from tests.proof.observed import Seen, Swap, patch, seen, swap

ODD = """

import os


@app.get("/where")
def where(n: int = 0) -> int:
    if n == 50:
        os._exit(3)
    return os.getpid()


counted: list[int] = []


@app.get("/count")
def count(step: int = 1) -> int:
    counted.append(step)
    return len(counted)
"""
FILES = {**ledger.FILES, "app/main.py": ledger.MAIN + ODD}
TOLD = Difference("c1~body.price.null", "GET /where", "status", "value", "422", "500")
SAME = swap("best.title if best else None", "None if best is None else best.title")
LEAK = swap('"books": len(user.books)}', '"books": len(user.books) if user.id == 1 else 0}')
CAPPED = swap("    book.price = given.price\n", "    book.price = min(given.price, 8_000_001.5)\n")
DYING = swap('raise HTTPException(404, "no such book")\n    return', "os._exit(3)\n    return")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    with seen(tmp_path_factory.mktemp("perturbed") / "ledger", FILES) as opened:
        yield opened


def told(made: Seen, change: Swap, *only: str) -> Perturbed:
    root = made.world.folder.tree()
    file, old, new = change
    text = FILES[file]
    assert text.count(old) == 1
    apply(root, replace(patch(SAME), edits=(Edit(file, text, text.replace(old, new)),)))
    revision = git.commit(root, [file], "a change", "")
    found = Perturbing(made.observation, made.base).serve(root, revision, only, ignore)
    made.world.folder.remove(root)
    return found


def cell_of(made: Seen, route: str, done: str) -> str:
    """The id of what was done to the first cell of a route that has credentials."""
    return next(c.id for c in made.base.cells if c.route == route and c.identity) + f"~{done}"


def test_a_leak_to_another_subject_is_seen_and_its_cell_shows_it_again(made: Seen) -> None:
    found = told(made, LEAK)
    first = found.differences[0]
    assert (first.route, first.path, first.after) == ("GET /me", "body $.books", "0")
    assert "~as.authors" in first.cell
    again = told(made, LEAK, first.cell)
    assert (again.served, again.differences[0]) == (1, first)


def test_an_edit_that_nobody_can_tell_has_no_difference(made: Seen) -> None:
    found = told(made, SAME)
    assert (found.differences, found.gate().passed) == ((), True)
    assert found.served > 3 * len({c.route for c in made.base.cells})
    assert found.reached > 0
    assert found.in_states >= len(made.base.cells)
    assert {span.file for span in found.ran} == {"app/main.py"}


def test_a_threshold_of_the_change_is_met(made: Seen) -> None:
    found = told(made, CAPPED)
    labels = {difference.cell.partition("~")[2] for difference in found.differences}
    assert "body.price.after8000001.5" in labels


def test_what_the_base_leaves_open_is_relaxed_and_what_ends_it_is_set_aside(made: Seen) -> None:
    where = next(c.id for c in made.base.cells if c.route == "GET /where")
    open_ = told(made, SAME, f"{where}~query.n.negative")
    assert open_.differences == ()  # the length follows where the two places are not equally long
    assert set(open_.relaxed.lines) - {"GET /where  header content-length"} == {"GET /where  body $"}
    ending = swap(
        "    if n == 50:\n        os._exit(3)\n", "    if n == 50:\n        n = 50\n        os._exit(3)\n"
    )
    dead = told(made, ending, f"{where}~query.n.at50")
    assert (dead.served, dead.aside, dead.differences) == (0, 1, ())


def test_what_a_process_remembers_is_the_same_on_both_sides(made: Seen) -> None:
    count = next(c.id for c in made.base.cells if c.route == "GET /count")
    found = told(made, SAME, *(f"{count}~query.step.{done}" for done in ("negative", "zero", "two", "large")))
    assert (found.served, found.differences, found.relaxed.lines) == (4, (), ())


def test_a_change_that_ends_the_process_differs(made: Seen) -> None:
    book = next(c.id for c in made.base.cells if c.route == "GET /books/{book_id}")
    found = told(made, DYING, f"{book}~path.book_id.missing")
    assert found.differences[0].after == "ProcessDied"


def test_a_count_that_happens_to_be_right_is_told_in_another_state(made: Seen) -> None:
    found = told(made, swap('"books": len(user.books)}', '"books": 10}'))
    first = found.differences[0]
    assert (first.cell.partition("~")[2], first.route, first.before) == ("state.clones", "GET /me", "20")
    again = told(made, swap('"books": len(user.books)}', '"books": 10}'), first.cell)
    assert (again.served, again.in_states, again.differences[0]) == (1, 1, first)


def test_rows_that_only_a_state_has_are_asked_for(made: Seen) -> None:
    newer = swap("if book is None or book.hidden:", "if book is None or book.hidden or book.id > 30:")
    found = told(made, newer)
    first = found.differences[0]
    assert first.cell.endswith("~path.book_id.new1~state.clones")  # of the last two the state hides one
    assert (first.route, first.path, first.after) == ("GET /books/{book_id}", "status", "404")
    assert told(made, newer, first.cell).differences[0] == first


def test_an_id_that_no_cell_leads_to(made: Seen) -> None:
    with pytest.raises(Problem) as problem:
        told(made, SAME, "c0000~body.nothing.like.it")
    assert problem.value.code == "M405"


BEFORE = "def one(x):\n    return x > 10\n\n\ndef two():\n    return 'plain'\n"


def test_constants_of_edited_functions_before_and_after() -> None:
    after = BEFORE.replace("x > 10", "x >= 11 and 'gold'")
    assert constants([Edit("a.py", BEFORE, after)]) == (11, 10, "gold")


def test_routes_that_a_change_reaches() -> None:
    reaches = {"a.py:one": [Reach("a.py:one", "loop", "GET /one/{key:path}")]}
    edited = Edit("a.py", BEFORE, BEFORE.replace("x > 10", "x > 9"))
    assert reached_routes([edited], reaches) == frozenset({"GET /one/{key}"})
    assert reached_routes([Edit("a.py", BEFORE, BEFORE.replace("plain", "x"))], reaches) is None  # not known
    assert reached_routes([Edit("a.py", BEFORE, BEFORE + "\n\nX = 1\n")], reaches) is None  # at import
    removed = Edit("a.py", BEFORE, BEFORE.partition("\n\n\n")[2])
    assert reached_routes([removed], reaches) == frozenset({"GET /one/{key}"})


def test_reached_routes_come_first_and_the_rest_is_capped(made: Seen) -> None:
    from strop.measure.generate import operations
    from strop.measure.perturb import Pool
    from strop.proof.perturbed_choice import by_key

    known = by_key(operations(made.base.imported, made.observation.again.instance.databases))
    outcomes: dict[str, Outcome] = made.base.outcomes
    chosen, total = choose_perturbed(made.base.cells, outcomes, known, Pool(), frozenset({"GET /books"}))
    near = [cell for cell in chosen if cell.route == "GET /books"]
    assert chosen[: len(near)] == tuple(near)
    assert len(near) < len(chosen) < total
    assert len({(c.request, c.ordinal) for c in (*chosen, *made.base.cells)}) == len(
        {(c.request, c.ordinal) for c in chosen}
    ) + len({(c.request, c.ordinal) for c in made.base.cells})


@pytest.mark.parametrize(
    ("found", "left", "name"),
    [
        (Perturbed(served=3, chosen=5, aside=2), 0, "3 perturbed cells"),
        (Perturbed(served=3, chosen=9, aside=2), 4, "3 of 9 perturbed cells"),
        (
            Perturbed(served=7, chosen=9, in_states=2),
            2,
            "7 of 9 perturbed cells, 2 of them in perturbed states",
        ),
        (Perturbed(served=3, chosen=9, differences=(TOLD,)), 0, "3 perturbed cells"),
    ],
)
def test_what_was_not_sent_is_told_unless_a_difference_ended_it(
    found: Perturbed, left: int, name: str
) -> None:
    assert (found.left, found.gate().name) == (left, name)
