"""A second proof against the same base: what is known is not run again, and what is no longer so is noticed."""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import sys
from pathlib import Path

import msgspec
import pytest

from strop.actions.prove import ProveRequest, prove
from strop.actions.target import open_target
from strop.cell import Cell, Request
from strop.event import Event, Note, Stage
from strop.project.cache import FOLDER
from strop.project.settings import Overrides
from strop.proof import base_store
from strop.proof.base_key import key_of
from strop.proof.base_store import read_kept
from strop.proof.veil import Veil
from strop.report.prove.proved import Proved
from strop.target import Login, Target
from strop.verdict import Behaviour
from tests import ledger
from tests.actions.sparing import spare
from tests.actions.test_prove import CELLS, SAME, UNREACHED, WORSE, changed

RAN = "running the base in a second world"


pytestmark = pytest.mark.usefixtures("few_perturbed")


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A change whose base one proof has seen."""
    home = changed(tmp_path_factory.mktemp("known") / "home", SAME)
    with pytest.MonkeyPatch.context() as patched:
        spare(patched)
        first, said = proof(home, cost=False)
    assert (first.recorded, RAN in stages(said)) == (0.0, True)
    assert first.verdict.behaviour is Behaviour.IDENTICAL
    (kept,) = (home / FOLDER / "bases").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    return home


@pytest.fixture
def home(known: Path, tmp_path: Path) -> Path:
    """The same in a folder of this test's own: what is kept holds wherever the repository lies."""
    return Path(shutil.copytree(known, tmp_path / "home", symlinks=True))


def proof(home: Path, **more: object) -> tuple[Proved, list[Event]]:
    said: list[Event] = []
    target = open_target(home, Overrides(python=sys.executable), head=True)
    request = ProveRequest(target, "HEAD", CELLS, **more)  # type: ignore[arg-type]  # fields of the request
    return prove(request, said.append), said


def stages(said: list[Event]) -> list[str]:
    return [event.name for event in said if isinstance(event, Stage)]


def edit(home: Path, swapped: tuple[str, str, str], back: tuple[str, str, str] | None = None) -> None:
    for file, old, new in filter(None, (back and (back[0], back[2], back[1]), swapped)):
        text = (home / file).read_text()
        assert text.count(old) == 1
        (home / file).write_text(text.replace(old, new))


def test_the_second_change_is_judged_without_running_the_base(home: Path) -> None:
    again, said = proof(home)
    assert again.recorded > 0
    assert not {RAN, "measuring", "reading the application"} & set(stages(said))
    edit(home, WORSE, back=SAME)  # another change of the same base, and this one is told
    worse, said = proof(home, cost=False)
    assert (worse.verdict.behaviour, worse.recorded > 0) == (Behaviour.DIFFERENT, True), said
    edit(home, SAME, back=WORSE)
    fresh, _ = proof(home, cache=False)
    assert again.verdict.behaviour is fresh.verdict.behaviour is Behaviour.IDENTICAL
    gates = [[(g.number, g.name, g.detail) for g in each.verdict.gates] for each in (fresh, again)]
    assert gates[0] == gates[1]
    timed = {"cpu", "loop"}
    assert {gain.name for gain in again.verdict.gains} <= {gain.name for gain in fresh.verdict.gains} | timed
    assert not {gain.unit for gain in again.verdict.gains if gain.name not in timed} & {"us"}


def test_what_no_request_executes_is_told_of_a_known_base_too(home: Path) -> None:
    edit(home, UNREACHED, back=SAME)
    found, _ = proof(home, cost=False)
    assert (found.recorded > 0, found.verdict.behaviour) == (True, Behaviour.INSUFFICIENT)


def test_a_base_that_is_another_by_now_is_run_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing that the key knows has changed, and yet the application answers otherwise: no difference is made of that."""
    place = tmp_path / "aside.txt"
    place.write_text("one")
    aside = (
        "app/main.py",
        '@app.get("/stats")',
        f'@app.get("/aside")\ndef aside() -> str:\n    return open({str(place)!r}).read()\n\n\n@app.get("/stats")',
    )
    home = changed(tmp_path / "home")
    edit(home, aside)
    ledger.commit(home)
    edit(home, SAME)
    proof(home, cost=False)
    place.write_text("two")
    found, said = proof(home, cost=False)
    assert (found.verdict.behaviour, found.recorded) == (Behaviour.IDENTICAL, 0.0)
    assert any(isinstance(event, Note) and "does not hold any more" in event.text for event in said)
    kept, _ = proof(home, cost=False)
    assert kept.recorded > 0


def test_data_code_options_and_environment_decide_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = changed(tmp_path / "home", SAME)

    def key(**given: object) -> str:
        target = open_target(home, Overrides(python=sys.executable, **given), head=True)  # type: ignore[arg-type]
        return key_of(target, CELLS)

    keys = [key()]
    (home / "app/new.py").write_text("NEW = 1\n")  # part of the change, and of no base
    (home / "server.log").write_text("a line\n")
    monkeypatch.setenv("GITHUB_SHA", "1a2b3c")
    assert key() == keys[0]
    keys.append(key(env=(("MODE", "fast"),)))
    monkeypatch.setenv("SHOP_MODE", "fast")
    keys.append(key())
    with sqlite3.connect(home / "ledger.db") as database:
        database.execute("update books set price = 1 where id = 1")
    database.close()
    keys.append(key())
    (home / ".env").write_text("MODE=slow\n")
    keys.append(key())
    ledger.commit(home)
    keys.append(key())
    assert len(set(keys)) == len(keys)


def test_few_are_kept_and_a_broken_one_is_none(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = home / FOLDER / "bases"
    (path,) = folder.iterdir()
    whole = path.read_bytes()
    for number in range(base_store.MOST):
        other = folder / f"other{number}"
        other.write_bytes(b"x")
        os.utime(other, (number, number))
    kept = read_kept(home, path.name)
    assert kept is not None
    assert base_store.write_kept(home, kept)
    left = {each.name for each in folder.iterdir()}
    assert (len(left), path.name in left, "other0" in left) == (base_store.MOST, True, False)
    monkeypatch.setattr(base_store, "LARGEST", 10)
    assert not base_store.write_kept(home, kept)
    path.write_bytes(whole[:-20])
    assert read_kept(home, path.name) is None
    assert kept.second is not None
    outcomes = list(kept.second.outcomes.items())[1:]  # as where a request hung in the second world
    monkeypatch.setattr(base_store, "LARGEST", 1 << 20)
    second = msgspec.structs.replace(kept.second, outcomes=dict(outcomes))
    assert base_store.write_kept(home, msgspec.structs.replace(kept, second=second))
    found, _ = proof(home, cost=False)
    assert (found.verdict.behaviour, found.recorded > 0) == (Behaviour.IDENTICAL, True)
    assert f"a second world, {len(outcomes)} cells" in {gate.name for gate in found.verdict.gates}


def test_secrets_that_the_user_gave_are_not_kept() -> None:
    login = Login("/login", "ann", 'p"ä ss+word')
    target = Target("", "", False, "", login=login, headers=(("x-api-key", "key-12345"),))
    body = b'{"password": "p\\"\xc3\xa4 ss+word"}'
    form = b"username=ann&password=p%22%C3%A4+ss%2Bword"
    headers = (("x-api-key", "key-12345"), ("accept", "*/*"))
    for data in (body, form, b"\xff\x00"):
        cell = Cell("c1", 1, Request("POST", "/login?k=key-12345", headers, data))
        hidden = Veil(target).hide(cell)
        assert "key-12345" not in repr(hidden)
        assert b"word" not in hidden.request.body.replace(b"password", b"")
        assert Veil(target).show(hidden) == cell
