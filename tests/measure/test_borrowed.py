"""Where nobody named a login, requests carry credentials of the application's own tests, if the data knows them."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from strop.measure.observe import Observation, Workload, observe
from strop.world.instance import open_world
from tests import ledger

ASKING = """

def test_somebody():
    assert client.get("/me", headers={"authorization": "Bearer nobody"}).status_code == 401


def test_me():
    assert client.get("/me", headers={"authorization": "Bearer token-2"}).status_code == 200
"""
FILES = {**ledger.FILES, "tests/test_books.py": ledger.TESTS + ASKING}


def look(folder: Path, *cells: str, suite: bool = True) -> Observation:
    target = replace(ledger.target(ledger.make(folder, FILES)), login=None)
    with open_world(target) as world:
        return observe(world, Workload(suite=suite, cells=cells))


def test_refused_requests_are_sent_with_credentials_of_the_tests_too(tmp_path: Path) -> None:
    seen = look(tmp_path / "all")
    me = {c.id: seen.one[c.id].answer.status for c in seen.cells if c.route == "GET /me"}
    asked = {cell: status for cell, status in me.items() if cell.startswith("t")}
    assert set(asked.values()) == {200}
    assert set(me.values()) - {200}
    assert seen.one.keys() == seen.two.keys()
    assert not any("--login" in note for note in seen.evidence.notes)
    first = next(iter(asked))
    assert [cell.id for cell in look(tmp_path / "one", first).cells] == [first]


def test_without_tests_a_login_is_asked_for(tmp_path: Path) -> None:
    home = ledger.make(tmp_path / "home", {**FILES, "app/main.py": ledger.MAIN + REFUSING})
    with open_world(replace(ledger.target(home), login=None)) as world:
        seen = observe(world, Workload(suite=False))
    assert [note for note in seen.evidence.notes if "--login" in note]


REFUSING = """

@app.middleware("http")
async def refuse(request, call_next):
    return Response(status_code=401)
"""
