"""Which processes belong to a world, whoever started them: those that carry its folder in their environment.

A process group ends with its leader's group; a process that made a session of its own (a daemon) does not. Only where
there is /proc, elsewhere the groups are all that is ended.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

MARK = "STROP_WORLD"  # variable with the world's folder, in everything that it starts


def end_marked(base: Path) -> int:
    """Kill every process that carries the folder `base`; returns how many."""
    ended = 0
    for number in _marked(f"{MARK}={base}".encode()):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(number, signal.SIGKILL)
            ended += 1
    return ended


def _marked(mark: bytes) -> Iterator[int]:
    with contextlib.suppress(OSError):
        for each in Path("/proc").iterdir():
            if each.name.isdigit() and int(each.name) != os.getpid():
                with contextlib.suppress(OSError):
                    if mark in (each / "environ").read_bytes().split(b"\0"):
                        yield int(each.name)
