"""How much memory may the application take: less than the machine has, lest it take others with it."""

from __future__ import annotations

import contextlib
import resource
from pathlib import Path

_FIRST = "600"  # of 1000: whom the system ends first when memory runs out; not strop, nor what else runs here


def install(memory: int) -> None:
    """Allow this process and each that it starts `memory` bytes of data; 0 sets no bound."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(_FIRST)
    if memory:
        with contextlib.suppress(OSError, ValueError):  # a bound that is lower already
            resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
