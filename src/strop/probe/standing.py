"""Where in the application does a suspended task stand: the innermost line of its own that waits, and for what?"""

from __future__ import annotations

import asyncio
import gc
import os
from types import CodeType
from typing import Any

from .places import relative

_DEPTH = 200  # coroutines that wait for each other
_WAITS = ("cr_await", "gi_yieldfrom", "ag_await")
_FRAMES = ("cr_frame", "gi_frame", "ag_frame")
_WITHIN = ("asyncio/locks.py", "asyncio/queues.py", "asyncio/tasks.py", "anyio/_core/_synchronization.py")


def standing(task: asyncio.Task[Any]) -> tuple[str, bool]:
    """ "file:line" of the application ("" where only libraries wait), and whether it waits for something inside the
    process, as a lock, rather than for a database or a thread.
    """
    place, code, waiting = "", None, task.get_coro()
    for _ in range(_DEPTH):
        if waiting is None:
            break
        frame = _first(waiting, _FRAMES)
        if frame is not None:
            code = frame.f_code
            if file := relative(code.co_filename):
                place = f"{file}:{frame.f_lineno}"
        waiting = _first(waiting, _WAITS) or _generator_of(waiting)
    return place, code is not None and _is_within(code)


def _is_within(code: CodeType) -> bool:
    within = code.co_filename.replace(os.sep, "/").endswith(_WITHIN)
    return (within and code.co_name != "sleep") or code.co_name == "acquire"


def _first(waiting: Any, names: tuple[str, ...]) -> Any:
    return next((found for name in names if (found := getattr(waiting, name, None)) is not None), None)


def _generator_of(waiting: Any) -> Any:
    """The async generator behind `anext(...)`, which does not say whose it is: a dependency that yields."""
    if not type(waiting).__name__.startswith("async_generator_"):
        return None
    return next((each for each in gc.get_referents(waiting) if hasattr(each, "ag_frame")), None)
