"""Programs that strop starts: what they print, how long they may take, and that nothing of them is left."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from strop.world.process import Child, Interrupted, ending, run, workers

# A leader whose child has a child; each writes its id, so that a test can look for it.
FAMILY = "(sh -c 'echo $$ > grandchild; exec sleep 600' & echo $! > child; wait) & echo $$ > leader; {0}"
STUBBORN = "trap '' TERM; " + FAMILY
ENVIRON = {"PATH": "/usr/bin:/bin"}


def shell(text: str) -> list[str]:
    return ["sh", "-c", text]


def until(holds: Callable[[], bool], limit: float = 10.0) -> bool:
    end = time.monotonic() + limit
    while not holds() and time.monotonic() < end:
        time.sleep(0.01)
    return holds()


def is_running(pid: int) -> bool:
    """Whether the process runs; one that ended and is not yet collected doesn't."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in ("Z", "X")


def family(folder: Path) -> list[int]:
    """The ids of the family's members, once all are born."""
    names = ("leader", "child", "grandchild")
    assert until(lambda: all((folder / n).is_file() and (folder / n).read_text().strip() for n in names))
    pids = [int((folder / name).read_text()) for name in names]
    assert all(map(is_running, pids))
    return pids


def gone(pids: list[int]) -> bool:
    return until(lambda: not any(map(is_running, pids)))


@pytest.mark.parametrize("leader", [FAMILY, STUBBORN], ids=["willing", "stubborn"])
def test_children_and_grandchildren_end_with_their_leader(tmp_path: Path, leader: str) -> None:
    child = Child(shell(leader.format("wait")), tmp_path, ENVIRON)
    pids = family(tmp_path)
    child.end(grace=0.3)
    assert gone(pids)
    child.end()  # a second time


def test_what_a_leader_that_ended_by_itself_left_behind_ends_too(tmp_path: Path) -> None:
    child = Child(shell(FAMILY.format("exit 7")), tmp_path, ENVIRON)
    assert child.wait(10) == 7
    assert until(lambda: (tmp_path / "grandchild").is_file())
    left = int((tmp_path / "grandchild").read_text())
    child.end()
    assert gone([left])


def test_ending_ends_everything_whatever_happened(tmp_path: Path) -> None:
    pids: list[int] = []

    def fails() -> None:
        with ending():
            Child(shell(FAMILY.format("wait")), tmp_path, ENVIRON)
            pids.extend(family(tmp_path))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fails()
    assert gone(pids)


def test_the_farewell_is_the_signal_that_asks(tmp_path: Path) -> None:
    said = "trap 'echo told; exit 5' INT; touch ready; while true; do sleep 0.05; done"
    child = Child(shell(said), tmp_path, ENVIRON, farewell=signal.SIGINT)
    assert until((tmp_path / "ready").is_file)
    child.end()
    assert child.status() == 5


def test_the_tail_is_the_end_of_what_was_printed_on_both_streams(tmp_path: Path) -> None:
    text = "i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done; echo last >&2; printf '\\377'"
    child = Child(shell(text), tmp_path, ENVIRON)
    assert child.wait(20) == 0
    assert child.tail().endswith("line 2999\nlast\n�")
    assert len(child.tail(100)) <= 100
    child.end()


def test_run_keeps_the_streams_apart_and_waits_for_nothing_on_standard_input(tmp_path: Path) -> None:
    done = run(shell("cat; echo out; echo err >&2; exit 3"), tmp_path, ENVIRON)
    assert (done.status, done.out, done.err) == (3, "out\n", "err\n")


def test_run_past_its_limit_ends_the_whole_family(tmp_path: Path) -> None:
    done = run(shell("echo begun; " + STUBBORN.format("wait")), tmp_path, ENVIRON, limit=1)
    assert (done.status, done.out) == (124, "begun\n")
    assert gone([int((tmp_path / name).read_text()) for name in ("leader", "child", "grandchild")])


def test_run_leaves_no_child_of_a_program_that_ended(tmp_path: Path) -> None:
    done = run(shell(FAMILY.format("sleep 0.3")), tmp_path, ENVIRON)
    assert done.status == 0
    assert gone([int((tmp_path / name).read_text()) for name in ("leader", "child", "grandchild")])


def test_a_program_that_does_not_exist(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        run(["/nowhere/at-all"], tmp_path, ENVIRON)


def test_the_environment_is_the_given_one(tmp_path: Path) -> None:
    done = run(["/usr/bin/env"], tmp_path, {"ONLY": "this"})
    assert done.out == "ONLY=this\n"


def test_a_block_of_workers_that_fails_ends_what_they_wait_for_and_starts_nothing_new(tmp_path: Path) -> None:
    began = time.monotonic()
    said: list[object] = []
    ready = threading.Event()

    def work() -> None:
        child = Child(shell(FAMILY.format("wait")), tmp_path, ENVIRON)
        ready.set()
        said.append(child.wait(60))
        try:
            run(["true"], tmp_path, ENVIRON)
        except Interrupted:
            said.append("refused")

    def fails() -> None:
        with ending(), workers(1) as pool:
            pool.map(lambda _: work(), range(3))  # two are never begun
            ready.wait(10)
            family(tmp_path)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fails()
    assert said[1:] == ["refused"]
    assert time.monotonic() - began < 30
    with ending():  # the next command starts afresh
        assert run(["true"], tmp_path, ENVIRON).status == 0


def test_an_interruption_while_the_block_waits_for_its_threads_counts_as_one_inside(tmp_path: Path) -> None:
    """Threads that nobody waits for any more would go on writing into folders that are put away."""
    ready, ended = threading.Event(), threading.Event()

    def work() -> None:
        child = Child(shell(FAMILY.format("wait")), tmp_path, ENVIRON)
        family(tmp_path)
        ready.set()
        child.wait(60)
        time.sleep(0.3)
        ended.set()

    def interrupt() -> None:
        ready.wait(10)
        time.sleep(0.2)  # until the main thread waits
        os.kill(os.getpid(), signal.SIGINT)

    def waits() -> None:
        with ending(), workers(1) as pool:
            pool.submit(work)
            threading.Thread(target=interrupt).start()

    with pytest.raises(KeyboardInterrupt):
        waits()
    assert ended.is_set()


def test_a_lasting_program_outlives_a_failed_block_of_workers_but_not_the_end(tmp_path: Path) -> None:
    pids: list[int] = []
    alive: list[bool] = []

    def fails() -> None:
        with ending():
            pids.append(Child(["sleep", "600"], tmp_path, ENVIRON, lasting=True).pid)
            try:
                with workers(1):
                    raise ValueError
            finally:
                alive.append(is_running(pids[0]))

    with pytest.raises(ValueError, match=r"^$"):
        fails()
    assert alive == [True]
    assert gone(pids)
