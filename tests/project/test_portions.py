"""Files that several processes read say what they say when one reads them all; a process that is lost is told of."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from random import Random

import pytest

from strop.problem import Problem
from strop.project import portions
from strop.project.body import Body, Noticer
from strop.project.mark import Mark
from strop.project.read import read_project
from strop.rules.registry import noticers
from strop.world.fork import can_fork, fork_each
from tests.project.edits import edit
from tests.project.example import write
from tests.project.test_again import EXAMPLES, PROJECT, facts, same

pytestmark = pytest.mark.skipif(not can_fork(), reason="no process can be copied here")


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """A file or two make a portion."""
    monkeypatch.setattr(portions, "_SMALLEST", 1)
    monkeypatch.setattr(portions, "PORTION", 500)


@pytest.mark.parametrize("size", [400, 20_000, 80_000])
def test_the_result_is_the_same(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = read_project(EXAMPLES / "shop", (), (), noticers())
    monkeypatch.setattr(portions, "_SMALLEST", 1)
    monkeypatch.setattr(portions, "PORTION", size)
    asked = list[int]()

    def counted(
        pieces: Sequence[str], work: Callable[[int], bytes], at_once: int, took: Callable[[bytes], None]
    ) -> list[bytes]:
        asked.append(len(pieces))
        return fork_each(pieces, work, at_once, took)

    monkeypatch.setattr(portions, "fork_each", counted)
    apart = read_project(EXAMPLES / "shop", (), (), noticers())
    assert asked
    assert asked[0] > 1
    assert facts(apart) == facts(whole)


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("seed", range(4))
def test_what_was_read_apart_is_read_again(seed: int, tmp_path: Path) -> None:
    random = Random(seed)
    write(tmp_path, PROJECT)
    done: list[str] = []
    same(tmp_path, done)
    for _ in range(6):
        done.append(edit(tmp_path, random))
        same(tmp_path, done)


def test_a_small_project_is_read_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, PROJECT)
    monkeypatch.setattr(os, "fork", None)
    assert read_project(tmp_path, (), (), noticers()).imported.routes


def killed(body: Body) -> Iterator[Mark]:
    """A reader that is ended from outside in one file."""
    if body.module.file == "app/mail.py":
        os.kill(os.getpid(), signal.SIGKILL)
    yield from ()


def failing(body: Body) -> Iterator[Mark]:
    """A reader with a mistake."""
    if body.module.file == "app/mail.py":
        raise ZeroDivisionError("a mistake")
    yield from ()


@pytest.mark.usefixtures("tiny")
@pytest.mark.parametrize("cache", [False, True])
def test_a_killed_process_is_a_problem(tmp_path: Path, cache: bool) -> None:
    write(tmp_path, PROJECT)
    with pytest.raises(Problem, match="signal 9") as caught:
        read_project(tmp_path, (), (), (Noticer("X", killed),), cache=cache)
    assert caught.value.code == "T118"
    assert "app/mail.py" in caught.value.where[0]
    assert read_project(tmp_path, (), (), noticers(), cache=cache).imported.routes  # nothing half is kept


@pytest.mark.usefixtures("tiny")
def test_a_mistake_in_a_process_is_a_problem(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write(tmp_path, PROJECT)
    with pytest.raises(Problem, match="status 1"):
        read_project(tmp_path, (), (), (Noticer("X", failing),))
    assert "ZeroDivisionError: a mistake" in capfd.readouterr().err


def test_no_process_outlives_a_lost_one(tmp_path: Path) -> None:
    other = tmp_path / "other"

    def work(place: int) -> bytes:
        if place == 0:
            while not other.exists():
                time.sleep(0.01)
            os._exit(3)
        (tmp_path / "part").write_text(str(os.getpid()))
        (tmp_path / "part").rename(other)
        signal.pause()
        return b""

    with pytest.raises(Problem, match="status 3"):
        fork_each(["first", "second"], work, 2)
    with pytest.raises(ProcessLookupError):
        os.kill(int(other.read_text()), 0)
