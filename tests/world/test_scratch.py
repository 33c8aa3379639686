"""The folder of a command: gone afterwards, by Ctrl-C, a full disk, with processes that still write, and after SIGKILL."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from strop.problem import Problem
from strop.world import git, owner
from strop.world.marked import MARK
from strop.world.scratch import scratch
from strop.world.temporary import OWNER, sweep
from tests.world.test_process import is_running, until

# A daemon: a session of its own, no parent, and files in the folder of its world as long as it lives.
DAEMON = """
import os, sys, time
if os.fork(): os._exit(0)
os.setsid()
open(sys.argv[1] + ".pid", "w").write(str(os.getpid()))
while True:
    os.makedirs(sys.argv[1], exist_ok=True)
    open(sys.argv[1] + "/" + str(time.monotonic_ns()), "w").close()
    time.sleep(0.001)
"""
COMMAND = f"""
import subprocess, sys, time
from strop.world.scratch import scratch
with scratch() as base:
    command = [sys.executable, "-c", sys.argv[1], str(base / "daemon")]
    subprocess.run(command, env={{{MARK!r}: str(base)}})
    print(base, flush=True)
    time.sleep(600)
"""


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_scratch_folder_is_gone_whatever_happened() -> None:
    made: list[Path] = []

    def fails(error: BaseException) -> None:
        with scratch() as base:
            made.append(base)
            (base / "file").touch()
            raise error

    with pytest.raises(KeyboardInterrupt):
        fails(KeyboardInterrupt())
    with pytest.raises(Problem) as full:
        fails(OSError(28, "No space left on device"))
    with pytest.raises(Problem) as refused:
        fails(git.GitFailed("one\ntwo\nthree\nfatal: bad object"))
    with pytest.raises(OSError, match="denied"):
        fails(OSError(13, "denied"))
    assert (full.value.code, refused.value.code) == ("W202", "W203")
    assert refused.value.where == ("two", "three", "fatal: bad object")
    assert not any(base.exists() for base in made)


def test_what_still_writes_when_its_command_ends_is_waited_for(temporary: Path) -> None:
    """A thread of ours that an interruption could not reach, or a process that was killed a moment ago."""
    stop = time.monotonic() + 0.5

    def write(base: Path) -> None:
        while time.monotonic() < stop:
            with contextlib.suppress(FileNotFoundError):
                (base / str(time.monotonic_ns())).touch()

    with scratch() as base:
        thread = threading.Thread(target=write, args=(base,))
        thread.start()
    thread.join()
    assert list(temporary.iterdir()) == []


def test_a_daemon_that_left_its_group_is_ended(temporary: Path) -> None:
    with scratch() as base:
        command = [sys.executable, "-c", DAEMON, f"{base}/daemon"]
        subprocess.run(command, env={MARK: str(base)}, check=True)
        assert until((base / "daemon.pid").is_file)
        assert until(lambda: (base / "daemon.pid").read_text() != "")
        pid = int((base / "daemon.pid").read_text())
    assert not is_running(pid)
    assert list(temporary.iterdir()) == []


def kill_a_command(temporary: Path, with_keeper: bool) -> tuple[Path, int]:
    """Kill a command while it works, and its keeper before it: its folder, and a daemon that it left."""
    environ = {**os.environ, "TMPDIR": str(temporary)}
    command = [sys.executable, "-c", COMMAND, DAEMON]
    with subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        base = Path(process.stdout.readline().strip())
        note = base / "daemon.pid"
        assert until(lambda: note.is_file() and note.read_text() != "")
        daemon = int(note.read_text())
        for keeper in keepers(base) if with_keeper else ():
            os.kill(keeper, signal.SIGKILL)
        process.kill()
    return base, daemon


def keepers(base: Path) -> list[int]:
    found = []
    for each in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if each.name.isdigit() and str(base).encode() in (each / "cmdline").read_bytes().split(b"\0"):
                found.append(int(each.name))
    assert found
    return found


def test_a_command_that_is_killed_leaves_nothing(temporary: Path) -> None:
    base, daemon = kill_a_command(temporary, with_keeper=False)
    assert until(lambda: not base.exists() and not is_running(daemon))


def test_what_is_left_when_the_keeper_is_killed_too_goes_with_the_next_command(temporary: Path) -> None:
    base, daemon = kill_a_command(temporary, with_keeper=True)
    other = temporary / "strop-somebody"  # another's, or none of strop's at all
    other.mkdir()
    mine = temporary / "strop-12345678"
    mine.mkdir()
    (mine / OWNER).write_text(owner.mine())
    assert base.exists()
    assert is_running(daemon)
    sweep()
    assert not base.exists()
    assert until(lambda: not is_running(daemon))  # what was ended may need a moment to be gone
    assert {other, mine} == set(temporary.iterdir())


def test_of_an_owner_elsewhere_nothing_is_said() -> None:
    host, boot, container, number, began = owner.mine().split(":")
    ended = str(int(began) - 1)  # the same number, given to another process meanwhile
    assert owner.is_gone(f"{host}:{boot}:{container}:{number}:{ended}")
    assert owner.is_gone(f"{host}:another start of the machine:1:{number}:{began}")
    assert not owner.is_gone(owner.mine())
    assert not owner.is_gone(f"elsewhere:{boot}:{container}:{number}:{ended}")
    assert not owner.is_gone(f"{host}:{boot}:another container:{number}:{ended}")
    assert not any(map(owner.is_gone, ("", "nonsense", "a:b:c:d:e", f"{host}:{boot}:{container}::")))
