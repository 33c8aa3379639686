"""A busy machine is no hanging request: only the time counts in which a process could run."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from strop.probe.patience import LOOK, Patience, wait_for

BUSY = "import os; os.sched_setaffinity(0, {%d})\nwhile True: pass"
LINUX = pytest.mark.skipif(not Path("/proc/self/schedstat").exists(), reason="needs the figures of Linux")


@pytest.fixture
def crowd() -> Iterator[list[int]]:
    """Five processes that all want the same processor; each gets about a fifth of it."""
    place = min(os.sched_getaffinity(0))
    processes = [subprocess.Popen([sys.executable, "-c", BUSY % place]) for _ in range(5)]
    yield [process.pid for process in processes]
    for process in processes:
        process.kill()
        process.wait()


@LINUX
def test_who_waits_for_a_processor_has_longer(crowd: list[int]) -> None:
    patience = Patience(0.3, crowd[0])
    time.sleep(0.4)
    assert patience.left() == LOOK  # the clock says that it is over: now it is looked at
    time.sleep(LOOK)
    assert patience.left() > 0


@LINUX
def test_it_ends_all_the_same(crowd: list[int]) -> None:
    patience = Patience(0.05, crowd[0])
    time.sleep(0.5)
    patience.left()
    time.sleep(LOOK)
    assert patience.left() == 0


def test_who_sleeps_has_no_longer() -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(30)"]) as process:
        time.sleep(0.5)  # its start computes
        patience = Patience(0.1, process.pid)
        time.sleep(0.2)
        assert patience.left() == LOOK
        time.sleep(LOOK)
        assert patience.left() == 0
        process.kill()


def test_a_process_that_is_gone_has_no_time() -> None:
    patience = Patience(0.01, 2**22 + 1)
    time.sleep(0.02)
    patience.left()
    time.sleep(LOOK)
    assert patience.left() == 0


def test_tasks_that_go_on_are_told() -> None:
    async def run() -> tuple[bool, bool]:
        quick, slow = asyncio.create_task(asyncio.sleep(0)), asyncio.create_task(asyncio.sleep(60))
        late = await wait_for({quick, slow}, 0.05)
        slow.cancel()
        return quick in late, slow in late

    assert asyncio.run(run()) == (False, True)
