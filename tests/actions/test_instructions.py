"""What a change saves, counted in instructions: exact on a machine that is busy, where a clock would tell nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from strop.actions.prove import ProveRequest, prove
from strop.actions.target import open_target
from strop.measure.observe import Workload
from strop.problem import EXIT_USAGE, Problem
from strop.project.settings import Overrides
from strop.verdict import Behaviour
from tests.actions.sparing import spare

APP = """\
from fastapi import FastAPI

app = FastAPI()


@app.get("/sum")
def total():
    return sum(n * n for n in range(4000))


@app.get("/few")
def few():
    return [1, 2]
"""
SAVING = ("sum(n * n for n in range(4000))", "3999 * 4000 * 7999 // 6")


def made(home: Path) -> ProveRequest:
    home.mkdir()
    (home / "main.py").write_text(APP)
    for words in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "base"]):
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], cwd=home, check=True)
    (home / "main.py").write_text(APP.replace(*SAVING))
    target = open_target(home, Overrides(python=sys.executable), head=True)
    return ProveRequest(target, workload=Workload(suite=False), cost=False, instructions=True)


@pytest.mark.skipif(shutil.which("valgrind") is None, reason="no valgrind is installed")
@pytest.mark.usefixtures("few_perturbed")
def test_what_a_change_saves_is_counted_on_the_requests_that_execute_it(tmp_path: Path) -> None:
    found = prove(made(tmp_path / "home"))
    (gain,) = found.verdict.gains
    assert found.verdict.behaviour is Behaviour.IDENTICAL
    assert (gain.name, gain.routes) == ("instructions", ("GET /sum",))
    assert gain.before > 100_000
    assert gain.low > 0.05
    assert gain.noise < 0.01


def test_without_valgrind_nothing_is_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    request = made(tmp_path / "home")
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(Problem) as caught:
        prove(request)
    assert (caught.value.code, caught.value.status) == ("W322", EXIT_USAGE)


def test_what_was_proved_is_not_lost_where_nothing_can_be_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = tmp_path / "valgrind"
    program.write_text("#!/bin/sh\necho 'illegal instruction' >&2\nexit 3\n")
    program.chmod(0o755)
    (tmp_path / "vgdb").symlink_to(program)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    spare(monkeypatch)
    found = prove(made(tmp_path / "home"))
    assert (found.verdict.behaviour, found.verdict.gains) == (Behaviour.IDENTICAL, ())
    assert any(note.startswith("instructions were not counted: ") for note in found.notes)
