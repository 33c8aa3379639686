"""Starting and ending other programs: the only module of strop that does."""

from __future__ import annotations

import atexit
import contextlib
import os
import pwd
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import IO, TYPE_CHECKING, Any

from msgspec import Struct

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

GRACE = 3.0  # seconds between asking a process to end and ending it

_alive: set[Child] = set()
_groups: set[int] = set()  # of programs that `run` waits for
_starting = threading.Lock()  # held while a program is started: one that `end_all` misses would be waited for
_broken = False  # after an interruption nothing new is started


class Interrupted(Exception):
    """The command was interrupted; nothing new is started."""


class Completed(Struct, frozen=True):
    """A program that ended: exit status (negative: signal; 124: time limit), what it printed, seconds."""

    status: int
    out: str
    err: str
    seconds: float


def _as(user: str) -> dict[str, Any]:
    """Popen's arguments for a program that must not run as root; nothing where we are not root."""
    return {"user": user, "group": pwd.getpwnam(user).pw_gid, "extra_groups": []} if user else {}


class Child:
    """A running program in a process group of its own, so that all it starts ends with it."""

    def __init__(
        self,
        command: Sequence[str],
        folder: Path,
        environ: Mapping[str, str],
        descriptors: Sequence[int] = (),
        *,
        user: str = "",
        farewell: int = signal.SIGTERM,
        lasting: bool = False,
    ) -> None:
        """`user` runs it instead of root; `farewell` is the signal that asks it to end. A `lasting` one serves
        others that are still to be ended, and outlives `workers`.
        """
        self.lasting = lasting
        self._farewell = farewell
        self.printed: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  closed by end()
        with _starting, contextlib.ExitStack() as failing:
            failing.callback(self.printed.close)
            _check()
            self._process = subprocess.Popen(
                command,
                cwd=folder,
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=self.printed,
                stderr=self.printed,
                pass_fds=descriptors,
                start_new_session=True,
                **_as(user),
            )
            failing.pop_all()
            _alive.add(self)

    @property
    def pid(self) -> int:
        """The process id, which is the group's id too."""
        return self._process.pid

    def status(self) -> int | None:
        """The exit status, None while it runs."""
        return self._process.poll()

    def wait(self, limit: float | None = None) -> int | None:
        """Wait for the end, at most `limit` seconds; None when it still runs."""
        try:
            return self._process.wait(limit)
        except subprocess.TimeoutExpired:
            return None

    def tail(self, size: int = 4000) -> str:
        """The last `size` bytes that it printed on either stream."""
        length = self.printed.seek(0, os.SEEK_END)
        self.printed.seek(max(0, length - size))
        return self.printed.read().decode(errors="replace")

    def end(self, grace: float = GRACE) -> None:
        """End the whole group: ask first, then make it so. Safe to call twice."""
        self._signal(self._farewell)
        if self.wait(grace) is None:
            self._signal(signal.SIGKILL)
            self.wait(GRACE)
        self._signal(signal.SIGKILL)  # what the leader left behind
        self.printed.close()
        _alive.discard(self)

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)


def run(
    command: Sequence[str],
    folder: Path,
    environ: Mapping[str, str] | None = None,
    limit: float | None = None,
    *,
    user: str = "",
) -> Completed:
    """Run a program to its end; past `limit` seconds its group is ended and the status is 124."""
    began = time.monotonic()
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        with _starting:
            _check()
            process = subprocess.Popen(
                command,
                cwd=folder,
                env=None if environ is None else dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
                **_as(user),
            )
            _groups.add(process.pid)
        try:
            status = process.wait(limit)
        except subprocess.TimeoutExpired:
            status = 124
        finally:
            _groups.discard(process.pid)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        texts = [_read(stream) for stream in (out, err)]
    return Completed(status, texts[0], texts[1], time.monotonic() - began)


def attend(command: Sequence[str], folder: Path, environ: Mapping[str, str]) -> int:
    """Run a program in this terminal until it ends; its exit status, 0 where somebody ended it.

    It shares the terminal, so a Ctrl-C reaches it without us; what is sent to us alone is passed on.
    """
    asked: list[int] = []

    def pass_on(number: int, _: FrameType | None) -> None:
        asked.append(number)
        if number != signal.SIGINT or not sys.stdin.isatty():
            process.send_signal(number)

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    process = subprocess.Popen(command, cwd=folder, env=dict(environ))
    before = [signal.signal(number, pass_on) for number in numbers]
    try:
        status = process.wait()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
    return 0 if asked else status


def _read(stream: IO[bytes]) -> str:
    stream.seek(0)
    return stream.read().decode(errors="replace")


@contextlib.contextmanager
def keep_beside(command: Sequence[str]) -> Iterator[None]:
    """Run a program that waits for the end of its standard input: it gets there when the block ends, or this process,
    in whatever way. It is in a session of its own, lest it be ended together with us.
    """
    process = subprocess.Popen(
        command,
        cwd="/",
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    assert process.stdin is not None
    try:
        yield
    finally:
        process.stdin.close()
        try:
            process.wait(GRACE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def ending() -> Iterator[None]:
    """Whatever happens inside, no process of ours is left behind."""
    global _broken
    _broken = False
    try:
        yield
    finally:
        end_all()


def end_all(lasting: bool = True) -> None:
    """End every program that still runs; those that serve others only where `lasting`."""
    for child in tuple(_alive):
        if lasting or not child.lasting:
            child.end(grace=0.5)
    for group in tuple(_groups):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


@contextlib.contextmanager
def workers(count: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that drive programs. When the block fails (Ctrl-C too), the programs end first and no new one
    starts, so that no thread goes on waiting for them. No thread outlives the block.
    """
    from strop.world.threads import Threads  # who runs one program waits without

    global _broken
    before = _broken
    try:
        with Threads(count) as pool:
            try:
                yield pool
                pool.wait()
            except BaseException:
                with _starting:
                    _broken = True
                pool.shutdown(wait=False, cancel_futures=True)
                end_all(lasting=False)
                pool.wait()
                raise
    finally:
        _broken = before  # its threads have ended: who handles the failure may start programs again


def _check() -> None:
    if _broken:
        raise Interrupted


atexit.register(end_all)
