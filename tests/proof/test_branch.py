"""Several kept patches on one branch: what only the whole workload tells apart is found, taken out, and named."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from strop.actions import optimize
from strop.actions.kept import Kept
from strop.actions.search import Search
from strop.event import Event, Note
from strop.finding import Finding
from strop.patch import Edit, Patch
from strop.plan import Item
from strop.proof.branch import Suites, prove_branch, verdict
from strop.proof.judge import Candidate
from strop.proof.schema import Schema
from strop.proof.short import holds_for, witnesses
from strop.span import Span
from strop.verdict import Behaviour, Difference, Verdict
from strop.world import git
from tests import ledger
from tests.proof.observed import Seen, Swap, patch, seen, swap

TEST = (
    ledger.TESTS
    + "\n\ndef test_seven():\n    assert client.get('/books?limit=7').headers['x-total'] == '25'\n"
)
FILES = {**ledger.FILES, "tests/test_books.py": TEST}
DISTURBING = (
    "from app import main\n\nmain.shown = None\n\n\ndef test_added():\n    assert main.shown is None\n"
)

TURNED = swap("best.title if best else None", "None if best is None else best.title")
COUNTED = swap("len(user.books)", "sum(1 for _ in user.books)")
OPENED = swap("dict[str, float | int | str | None]:", "dict[str, int | float | str | None]:")
LOADED = swap("    return [shown(book) for book in books]", "    return list(map(shown, books))")
WRONG_STATUS = swap("    if book is None or book.hidden:", "    if book is None:")
WRONG_OWNER = swap(" or book.author_id != user.id", "")
ORDER_LOST = swap("order_by(Book.title, Book.id)", "order_by(Book.title)")
WRONG_IN_SUITE = swap(
    '    response.headers["x-total"] = str(total)\n',
    '    response.headers["x-total"] = str(total + (limit == 7))\n',
)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    with seen(tmp_path_factory.mktemp("branch") / "ledger", FILES, suite=True) as opened:
        yield opened


@pytest.fixture
def suites(made: Seen) -> Suites:
    one, two = made.observation.suites
    return Suites(one, two, ())


def kept(made: Seen, name: str, *swaps: Swap, tests: tuple[Edit, ...] = ()) -> Kept:
    """A patch as the search keeps it."""
    finding = Finding(
        "DB001", name, "db", "warning", 1.0, "measured", Span("app/main.py", 1), ("GET /x",), name, "", ""
    )
    changed: Patch = replace(patch(*swaps), title=name, tests=tests)
    identical = Verdict(Behaviour.IDENTICAL, True, "", ())
    candidate = Candidate(changed, identical, made.base.root, made.observation.served.instance)
    return Kept(Item(finding, "", "", "", "", "", "", ()), candidate, changed)


class Heard:
    """The notes that a user reads."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def __call__(self, event: Event) -> None:
        if isinstance(event, Note):
            self.notes.append(event.text)


def search(made: Seen, *patches: Kept) -> tuple[Search, Heard]:
    heard = Heard()
    found = Search(made.base, [made.tip], made.observation.project, heard)
    found.kept = list(patches)
    found._adopt(found._compose(found.kept))
    return found, heard


def titles(found: Search) -> list[str]:
    """Subjects of the branch's commits, the first first."""
    clone = found.base.world.folder.clone
    return git.git(clone, "log", "--reverse", "--format=%s", f"base..{found.branch.revision}").splitlines()


def test_each_culprit_among_several_is_found_and_the_others_stay(made: Seen) -> None:
    found, heard = search(
        made,
        kept(made, "turned", TURNED),
        kept(made, "wrong status", WRONG_STATUS),
        kept(made, "counted", COUNTED),
        kept(made, "wrong owner", WRONG_OWNER),
        kept(made, "another schema", OPENED),
        kept(made, "loaded", LOADED),
    )
    assert titles(found) == [
        "turned", "wrong status", "counted", "wrong owner", "another schema", "loaded"
    ]  # fmt: skip

    proof = optimize._prove(found, None, heard)
    assert proof is not None
    assert proof.holds
    proof.served.instance.close()
    assert [k.patch.title for k in found.kept] == titles(found) == ["turned", "counted", "loaded"]
    reasons = {r.item.finding.slug: r.reason for r in found.refused}
    assert reasons.keys() == {"wrong status", "wrong owner", "another schema"}
    assert "GET /books/{book_id} status: 404 before, 200 after" in reasons["wrong status"]
    assert "OpenAPI" in reasons["another schema"]
    assert len(heard.notes) == 3
    text = git.git(found.base.world.folder.clone, "show", f"{found.branch.revision}:app/main.py")
    assert "book.author_id != user.id" in text
    assert "None if best is None" in text


def test_where_every_patch_is_wrong_nothing_is_left(made: Seen) -> None:
    found, heard = search(made, kept(made, "wrong status", WRONG_STATUS))
    assert optimize._prove(found, None, heard) is None
    assert (found.kept, found.branch.revision) == ([], "base")


def test_what_only_the_own_tests_tell_apart_and_added_tests_that_disturb_them(
    made: Seen, suites: Suites
) -> None:
    added = Edit("tests/test_added.py", None, DISTURBING)
    found, heard = search(
        made,
        kept(made, "turned", TURNED, tests=(added,)),
        kept(made, "wrong in suite", WRONG_IN_SUITE),
    )
    proof = optimize._prove(found, suites, heard)
    assert proof is not None
    assert proof.holds
    proof.served.instance.close()
    assert titles(found) == ["turned"]
    assert [refused.item.finding.slug for refused in found.refused] == ["wrong in suite"]
    assert found.kept[0].patch.tests == ()
    assert any("no test was added" in note and "test_books.py" in note for note in found.kept[0].notes)
    files = git.git(found.base.world.folder.clone, "diff", "--name-only", "base", found.branch.revision)
    assert files == "app/main.py"
    assert len(heard.notes) == 2


def test_a_revision_that_does_not_start_does_not_hold(made: Seen) -> None:
    root = made.world.folder.tree()
    Path(root / "app" / "main.py").write_text("raise RuntimeError('no')\n")
    commit = git.commit(root, ["app/main.py"], "Broken", "")
    some = witnesses((Difference(made.base.cells[0].id, "", "status", "value", "1", "2"),))
    assert not holds_for(made.base, commit, Schema(), None, some)
    assert holds_for(made.base, "base", Schema(), None, some)


def test_the_base_proves_itself_and_says_what_was_compared(made: Seen) -> None:
    proof = prove_branch(made.base, "base", Schema(), None, lambda event: None)
    assert proof.holds
    assert [(gate.number, gate.passed) for gate in proof.gates] == [(1, True), (3, True)]
    assert proof.outcomes.keys() == made.base.outcomes.keys()
    said = verdict(made.base, proof, ())
    assert (said.behaviour, said.kept, said.cells) == (Behaviour.IDENTICAL, True, len(made.base.cells))
    assert said.reached == 0
    proof.served.instance.close()


def test_witnesses_are_cells_and_tests_with_their_parameters() -> None:
    names = ["c0001", "r02", "tests/test_a.py::test_b[1#2]#3", "tests/test_a.py::test_c", ""]
    found = witnesses(tuple(Difference(name, "", "status", "value", "", "") for name in names))
    assert found.cells == {"c0001", "r02"}
    assert found.tests == {"tests/test_a.py::test_b[1#2]", "tests/test_a.py::test_c"}


def test_what_only_the_second_world_tells_apart_is_found_among_several(made: Seen) -> None:
    """Rows lie in order, so a lost ORDER BY changes no answer of the first world."""
    found, heard = search(
        made,
        kept(made, "turned", TURNED),
        kept(made, "order lost", ORDER_LOST),
        kept(made, "counted", COUNTED),
    )
    base = made.base
    try:
        proof = optimize._prove(found, None, heard, made.observation.served)
    finally:
        base.second = None
    assert proof is not None
    proof.served.instance.close()
    assert [(gate.number, gate.passed) for gate in proof.gates] == [
        (1, True),
        (3, True),
        (6, True),
        (8, True),
    ]
    assert titles(found) == ["turned", "counted"]
    (refused,) = found.refused
    assert (refused.item.finding.slug, "with rows in another order" in refused.reason) == ("order lost", True)
