"""A change of a small application, whoever made it: told apart, not told apart, or not executed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from strop.actions.prove import ProveRequest, prove
from strop.actions.target import open_target
from strop.measure.observe import Workload
from strop.problem import Problem
from strop.project.settings import Overrides
from strop.report.prove.proved import Proved
from strop.target import Configuration
from strop.verdict import Behaviour
from tests import ledger
from tests.proof.observed import swap
from tests.world.photograph import photograph

CELLS = Workload(suite=False)
WORSE = swap("price=book.price, sold", "price=round(book.price, 1), sold")
SAME = swap("best.title if best else None", "None if best is None else best.title")
ROUTE = swap('@app.get("/stats")', '@app.get("/stats", tags=["new"])')
BROKEN = swap("from app.models import", "from app.nowhere import")
UNREACHED = swap(
    "    book.price = given.price\n",
    "    book.price = given.price\n    if book.id < 0:\n        book.price = 0\n",
)
SHORT = Configuration("short", (("CENTS", "1"),))
ROUNDED = swap("price=book.price, sold", "price=round(book.price, CENTS), sold")
SETTING = "import os\n\nCENTS = int(os.environ.get('CENTS', 4))\n"
CAPPED = swap(
    "    book.price = given.price\n",
    "    book.price = given.price\n    if book.price > 1000000:\n        book.price = 1000000\n",
)


def changed(home: Path, *swaps: tuple[str, str, str]) -> Path:
    """The ledger with changes that are not committed."""
    made = ledger.make(home, ledger.FILES)
    for file, old, new in swaps:
        text = (made / file).read_text()
        assert text.count(old) == 1
        (made / file).write_text(text.replace(old, new))
    return made


def proved(home: Path, workload: Workload = CELLS, **more: object) -> Proved:
    target = open_target(home, Overrides(python=sys.executable), head=True)
    request = ProveRequest(target, "", workload, cost=False)
    return prove(replace(request, **more))


def test_an_answer_that_changed_is_told_with_the_command_that_shows_it(tmp_path: Path) -> None:
    home = changed(tmp_path / "home", WORSE)
    before = photograph(home)
    found = proved(home, options=("--workload", "openapi"), secret=("--env", "--login"))
    first = found.verdict.differences[0]
    assert found.verdict.behaviour is Behaviour.DIFFERENT
    assert (first.route, first.path, first.before, first.after) == (
        "GET /books",
        "body $[0].price",
        "3.333",
        "3.3",
    )
    shown = f"strop prove --workload openapi --cell {first.cell}  # with --env and --login as before"
    assert found.command == shown
    assert photograph(home) == before
    again = proved(home, Workload(suite=False, cells=(first.cell,)))
    assert again.verdict.differences[0] == first
    assert again.verdict.cells == 1


def test_a_change_that_nobody_can_tell_is_identical(tmp_path: Path) -> None:
    home = changed(tmp_path / "home", SAME)
    (home / "app/latin.py").write_bytes(b"# -*- coding: latin-1 -*-\nNAME = 'caf\xe9'\n")
    found = proved(home)
    assert (found.verdict.behaviour, found.verdict.reason) == (Behaviour.IDENTICAL, "")
    assert found.executed.statements == len(found.executed.reached) == 1
    assert found.files == ("app/latin.py", "app/main.py")


@pytest.mark.usefixtures("few_perturbed")
def test_what_no_request_executes_is_not_called_safe(tmp_path: Path) -> None:
    found = proved(changed(tmp_path / "home", UNREACHED))
    assert found.verdict.behaviour is Behaviour.INSUFFICIENT
    assert [span.symbol for span in found.executed.missed] == ["change_book"]
    assert found.verdict.reason == "no request executed 1 of 2 changed statements"


@pytest.mark.parametrize(
    ("edit", "said"),
    [(ROUTE, "OpenAPI"), (BROKEN, "No module named 'app.nowhere'")],
    ids=["contract", "import"],
)
def test_what_differs_before_any_request(tmp_path: Path, edit: tuple[str, str, str], said: str) -> None:
    found = proved(changed(tmp_path / "home", edit))
    assert found.verdict.behaviour is Behaviour.DIFFERENT
    assert said in found.verdict.differences[0].after


@pytest.mark.usefixtures("few_perturbed")
def test_changed_tests_are_no_witnesses(tmp_path: Path) -> None:
    home = changed(tmp_path / "home", SAME)
    tests = home / "tests/test_books.py"
    tests.write_text(
        tests.read_text() + "\n\ndef test_more():\n    assert client.get('/stats').status_code == 200\n"
    )
    found = proved(home, Workload(openapi=False))
    assert found.verdict.behaviour in (Behaviour.IDENTICAL, Behaviour.INSUFFICIENT)
    assert "1 changed test files are no witnesses: tests/test_books.py" in found.notes


def test_a_request_that_nobody_recorded_tells_the_change_apart(tmp_path: Path) -> None:
    found = proved(changed(tmp_path / "home", CAPPED))
    first = found.verdict.differences[0]
    assert (found.verdict.gates[-1].number, first.route) == (4, "PATCH /books/{book_id}")
    assert found.executed.missed == ()
    assert f"--cell {first.cell}" in found.command.replace("'", "")
    again = proved(tmp_path / "home", Workload(suite=False, cells=(first.cell,)))
    assert (again.verdict.differences[0], again.verdict.cells) == (first, 2)  # with the one it is made of


@pytest.mark.usefixtures("few_perturbed")
def test_a_change_that_shows_in_another_configuration_alone_is_told_with_its_name(tmp_path: Path) -> None:
    files = {**ledger.FILES, "app/main.py": SETTING + ledger.MAIN}
    home = ledger.make(tmp_path / "home", files)
    (home / "app/main.py").write_text(files["app/main.py"].replace(*ROUNDED[1:]))
    broken = Configuration("broken", (("CENTS", "none"),))
    target = open_target(home, Overrides(python=sys.executable), head=True)
    target = replace(target, configurations=(broken, SHORT))
    workload = Workload(suite=False, cells=tuple(f"c{number:04}" for number in range(8)))
    found = prove(ProveRequest(target, "", workload, cost=False))
    first = found.verdict.differences[0]
    assert (found.verdict.behaviour, first.world) == (Behaviour.DIFFERENT, "with short")
    assert (first.path, first.before, first.after) == ("body $[0].price", "3.333", "3.3")
    assert "other configurations than the usual one and broken, short" in found.verdict.unproved
    assert any(
        line.startswith("with broken: the application could not be") for line in found.verdict.unproved
    )


@pytest.mark.usefixtures("few_perturbed")
def test_the_changed_side_runs_the_migrations_that_the_change_brings(tmp_path: Path) -> None:
    home = ledger.make(tmp_path / "home", {**ledger.FILES, **MIGRATED})
    (home / "migrations/versions/two.py").write_text(REVISION)
    (home / "app/models.py").write_text(ledger.MODELS.replace(PRICE, PRICE + NOTE))
    ledger.git(home, "add", "-A")
    ledger.git(home, "commit", "-qm", "a note on books")
    workload = Workload(suite=False, cells=tuple(f"c{number:04}" for number in range(20)))
    found = proved(home, workload, change="HEAD~1..HEAD")
    assert found.verdict.behaviour is Behaviour.IDENTICAL
    said = [note for note in found.notes if "migrations" in note]
    assert [note.rpartition("; ")[2] for note in said] == ["rows are compared without books.note"]


PRICE = "    price: Mapped[float] = mapped_column(Float)\n"
NOTE = '    note: Mapped[str] = mapped_column(String, default="new")\n'
MIGRATED = {
    "alembic.ini": "[alembic]\nscript_location = migrations\n",
    "migrations/env.py": "from alembic import context\nfrom app.models import engine\n"
    "with engine.connect() as connection:\n    context.configure(connection=connection)\n"
    "    with context.begin_transaction():\n        context.run_migrations()\n",
    "migrations/versions/one.py": 'revision = "one"\ndown_revision = None\n\n\ndef upgrade():\n    pass\n',
}
REVISION = """\
import sqlalchemy
from alembic import op

revision = "two"
down_revision = "one"


def upgrade():
    op.add_column("books", sqlalchemy.Column("note", sqlalchemy.String, server_default="old"))
"""


def test_an_unknown_request_is_a_mistake_of_the_user(tmp_path: Path) -> None:
    with pytest.raises(Problem) as problem:
        proved(changed(tmp_path / "home", SAME), Workload(suite=False, cells=("c9999",)))
    assert problem.value.code == "M405"


def test_without_git_there_is_nothing_to_compare_with(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    ledger.write(home, ledger.FILES)
    with pytest.raises(Problem) as problem:
        proved(home)
    assert problem.value.code == "R510"
