"""Threads whose work can be waited for again after an interruption.

An interruption while a thread is joined makes Python take it for ended (`Thread._wait_for_tstate_lock`), so the pool's own
end does not wait for it a second time, and it goes on behind the back of whoever cleans up. Futures have no such flaw.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any


class Threads(ThreadPoolExecutor):
    """A pool that knows all work that it was given."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.given: set[Future[Any]] = set()

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Take a piece of work."""
        future = super().submit(fn, *args, **kwargs)
        self.given.add(future)
        return future

    def wait(self) -> None:
        """Until all work is done or cancelled; may be interrupted and called again."""
        wait([each for each in self.given if not each.cancelled()])  # of a cancelled one nobody may ever tell
