"""The application's own tests as a driver: what they asked, what became of them, and suites that can't run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from strop.measure import suite
from strop.measure.suite import SuiteRun, run_suite
from strop.problem import Problem
from strop.world.instance import World, open_world
from tests import ledger

TESTS = """\
import pytest
from fastapi.testclient import TestClient

from app.main import app

client = TestClient(app)


def test_two_requests():
    for number in (1, 2):
        assert client.get(f"/books/{number}").status_code == 200


@pytest.mark.parametrize("number", [3, 999])
def test_one(number):
    assert client.get(f"/books/{number}").status_code == 200


@pytest.mark.skip
def test_skipped():
    raise AssertionError


@pytest.mark.xfail
def test_expected():
    raise AssertionError


@pytest.fixture
def broken():
    raise ValueError("no fixture")


def test_error(broken):
    pass


def test_writes():
    head = {"authorization": "Bearer token-1"}
    assert client.post("/books", json={"title": "Mine", "price": 1}, headers=head).status_code == 201
"""
OTHERS = {
    "syntax.py": "def broken(:\n",
    "kills.py": "import os\n\n\ndef test_it():\n    os._exit(7)\n",
    "hangs.py": "import time\n\n\ndef test_it():\n    time.sleep(600)\n",
    "none.py": "x = 1\n",
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    more = {f"more/test_{name}": text for name, text in OTHERS.items()}
    files = {**ledger.FILES, **more, "tests/test_books.py": TESTS}
    home = ledger.make(tmp_path_factory.mktemp("suite") / "home", files)
    with open_world(ledger.target(home)) as opened:
        yield opened


def run(world: World, *arguments: str, on_test: Callable[[str], None] = lambda _: None) -> SuiteRun:
    instance = world.instance(world.folder.tree())
    try:
        return run_suite(instance, arguments, on_test=on_test)
    finally:
        instance.close()


@pytest.fixture(scope="module")
def whole(world: World) -> tuple[SuiteRun, list[str]]:
    heard: list[str] = []
    return run(world, "tests", on_test=heard.append), heard


def test_the_outcome_of_every_test(whole: tuple[SuiteRun, list[str]]) -> None:
    done, heard = whole
    here = "tests/test_books.py::test_"
    assert dict(done.tests) == {
        f"{here}two_requests": "passed",
        f"{here}one[3]": "passed",
        f"{here}one[999]": "failed",
        f"{here}skipped": "skipped",
        f"{here}expected": "skipped",
        f"{here}error": "failed",
        f"{here}writes": "passed",
    }
    assert set(done.failed) == {f"{here}one[999]", f"{here}error"}
    assert heard == [name for name, _ in done.tests]
    assert done.status == 1


def test_every_request_with_its_test_and_place_in_it(whole: tuple[SuiteRun, list[str]]) -> None:
    done, _ = whole
    asked = [
        (r.test.rpartition("_")[2], r.ordinal, r.request.method, r.request.path, r.answer.status)
        for r in done.recorded
    ]
    assert asked == [
        ("requests", 1, "GET", "/books/1", 200),
        ("requests", 2, "GET", "/books/2", 200),
        ("one[3]", 1, "GET", "/books/3", 200),
        ("one[999]", 1, "GET", "/books/999", 404),
        ("writes", 1, "POST", "/books", 201),
    ]
    write = done.recorded[-1]
    assert write.key == ("tests/test_books.py::test_writes", 1)
    assert b'"title":"Mine"' in write.request.body.replace(b" ", b"")
    assert write.exchange.route == "POST /books"
    assert [q.statement.split()[0] for q in write.exchange.queries].count("INSERT") == 2


def test_chosen_tests_in_a_world_of_their_own(world: World) -> None:
    """The book that the whole suite added is not there."""
    done = run(world, "tests/test_books.py::test_writes")
    assert b'"id":31' in done.recorded[0].answer.body
    assert [outcome for _, outcome in done.tests] == ["passed"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("more/test_syntax.py",), "T115", "SyntaxError"),
        (("more/test_kills.py",), "T115", ""),
        (("--no-such-option",), "T115", "--no-such-option"),
    ],
)
def test_what_can_not_run(world: World, arguments: tuple[str, ...], code: str, said: str) -> None:
    with pytest.raises(Problem) as caught:
        run(world, *arguments)
    assert caught.value.code == code
    assert said in "\n".join(caught.value.where)


def test_a_suite_that_does_not_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suite, "LIMIT", 4.0)
    with pytest.raises(Problem) as caught:
        run(world, "more/test_hangs.py")
    assert caught.value.code == "T116"


def test_no_tests_are_no_problem(world: World) -> None:
    done = run(world, "more/test_none.py")
    assert (done.tests, done.recorded, done.status) == ((), (), suite.NO_TESTS)


def test_what_an_ended_run_wrote_by_half_is_left_out(tmp_path: Path) -> None:
    whole_line = b'{"test": "a", "outcome": "passed"}\n'
    (tmp_path / "out").write_bytes(whole_line + whole_line[: len(whole_line) // 2])
    assert [line.test for line in suite._lines(tmp_path / "out")] == ["a"]
    assert list(suite._lines(tmp_path / "nowhere")) == []
    os.truncate(tmp_path / "out", 0)
    assert list(suite._lines(tmp_path / "out")) == []
