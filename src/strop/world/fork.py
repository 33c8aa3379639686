"""How is one piece of work after the other done by several copies of this process?

A copy takes what is loaded along, does one piece, hands its result over as bytes and is gone, with all memory that it
used. One that ends in any other way is a problem: nothing is left out in silence.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Sequence

from msgspec import Struct, field

from strop.problem import Problem

_READ = 1 << 20  # bytes at a time
_DONE = b"\0done"  # what the whole result of a piece ends with


def can_fork() -> bool:
    """Whether a copy of this process works: not where there is no fork, and not beside other threads."""
    return sys.platform.startswith("linux") and threading.active_count() == 1


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform.startswith("linux") else os.cpu_count() or 1


def fork_each(
    pieces: Sequence[str],
    work: Callable[[int], bytes],
    at_once: int,
    took: Callable[[bytes], None] | None = None,
) -> list[bytes]:
    """The result of `work` for the place of each piece, in their order; `at_once` copies work at a time.

    `pieces` say what each is about; `took` is told of each result when it is there, in whatever order: copies that begin
    later know what it made of it. Raises Problem T118 when a copy ended without a result.
    """
    running: dict[int, _Copy] = {}
    results: list[bytes] = [b""] * len(pieces)
    waiting = list(range(len(pieces)))
    try:
        with selectors.DefaultSelector() as selector:
            while waiting or running:
                while waiting and len(running) < at_once:
                    copy = _start(waiting.pop(0), work)
                    running[copy.output] = copy
                    selector.register(copy.output, selectors.EVENT_READ)
                for key, _ in selector.select():
                    copy = running[key.fd]
                    data = os.read(key.fd, _READ)
                    copy.given += data
                    if not data:
                        selector.unregister(key.fd)
                        del running[key.fd]
                        results[copy.place] = copy.end(pieces[copy.place])
                        if took is not None:
                            took(results[copy.place])
    finally:
        for copy in running.values():
            copy.kill()
    return results


class _Copy(Struct):
    """A process that does one piece, and what it gave so far."""

    place: int
    id: int
    output: int
    given: bytearray = field(default_factory=bytearray)

    def end(self, about: str) -> bytes:
        """Its result. Raises Problem T118 when there is none."""
        os.close(self.output)
        status = os.waitstatus_to_exitcode(os.waitpid(self.id, 0)[1])
        if status or not self.given.endswith(_DONE):
            raise _lost(about, status)
        del self.given[-len(_DONE) :]
        return bytes(self.given)

    def kill(self) -> None:
        """End it: nobody waits for its result any more."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.id, signal.SIGKILL)
        os.waitpid(self.id, 0)
        os.close(self.output)


def _start(place: int, work: Callable[[int], bytes]) -> _Copy:
    output, own = os.pipe()
    process = os.fork()
    if process:
        os.close(own)
        return _Copy(place, process, output)
    status = 1
    try:
        with os.fdopen(own, "wb") as file:
            file.write(work(place) + _DONE)
        status = 0
    except KeyboardInterrupt:
        pass  # the process that waits for this one was told as well
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(status)


def _lost(about: str, status: int) -> Problem:
    how = f"was ended by signal {-status}" if status < 0 else f"ended with status {status}"
    if status == -signal.SIGKILL:
        how += ", as a machine without memory does"
    return Problem(
        "T118",
        f"a part of the source was not read: its process {how}",
        where=(about,),
        do="run it again; strop review --no-cache on a part of the folder shows whether a file is the cause",
        retry="same",
    )
