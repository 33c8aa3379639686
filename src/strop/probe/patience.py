"""Is the time of a request over, or did a busy machine let its process wait for a processor?

Linux counts for each thread how long it was ready to run and did not (`/proc/PID/task/*/schedstat`, the second figure,
ns). It is asked only when the clock says that the time is over: the share of waiting since then is taken for the share of
all the time. What sleeps, or waits for an answer, is ready for nothing. Elsewhere than on Linux the clock alone counts.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

MOST = 10  # times its limit on the clock: then it is over, however busy the machine is
LOOK = 0.25  # seconds between two looks


class Patience:
    """A limit, in seconds, for what the process `pid` ("self": this one) does from now on."""

    def __init__(self, limit: float, pid: int | str = "self") -> None:
        self._limit = limit
        self._tasks = Path(f"/proc/{pid}/task")
        self._began = time.monotonic()
        self._over: tuple[float, dict[str, int]] | None = (
            None  # when the clock said so, and what was waited before
        )

    def left(self) -> float:
        """Seconds until it is worth asking again; 0 when the time is over."""
        elapsed = time.monotonic() - self._began
        if elapsed < self._limit:
            return self._limit - elapsed
        if self._over is None:
            self._over = elapsed, self._waited()
            return LOOK
        since, before = self._over
        if elapsed - since < LOOK / 2:
            return LOOK
        waited = max((ns - before.get(task, 0) for task, ns in self._waited().items()), default=0) / 1e9
        had = elapsed * (1 - min(waited / (elapsed - since), 1.0))
        return LOOK if had < self._limit and elapsed < MOST * self._limit else 0.0

    def _waited(self) -> dict[str, int]:
        """How long each thread has waited for a processor since it began, ns."""
        found: dict[str, int] = {}
        try:
            for task in self._tasks.iterdir():
                found[task.name] = int((task / "schedstat").read_text().split()[1])
        except (OSError, ValueError, IndexError):  # no Linux, or a thread that ended meanwhile
            pass
        return found


async def wait_for(tasks: Iterable[asyncio.Task[Any]], limit: float | None) -> set[asyncio.Task[Any]]:
    """Wait until all tasks are done or their time is over; returns those that are not done."""
    going = set(tasks)
    patience = Patience(limit) if limit else None
    while going:
        left = patience.left() if patience else None
        if left == 0.0:
            break
        going = (await asyncio.wait(going, timeout=left))[1]
    return going
