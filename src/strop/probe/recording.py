"""What did each request cost? The one module through which the probe's drivers use the hooks.

Import it before the clock of the world is frozen: the hooks keep the real clock from then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import (
    blocking,
    boundary,
    built,
    dependencies,
    eager,
    hooks,
    lines,
    loop,
    outbound,
    phases,
    pool,
    record,
    sql,
    threads,
)
from .frames import set_root
from .record import Record, begin

__all__ = [
    "attach",
    "begin",
    "failures",
    "finish",
    "install",
    "on_finish",
    "start_loop_watch",
    "stop_loop_watch",
    "uninstall",
]

on_finish: Callable[[dict[str, Any]], None] | None = None  # told each exchange by the wrapper

failures = hooks.failures  # what went wrong inside the hooks, by part: none of it reached the application

start_loop_watch = loop.start
stop_loop_watch = loop.stop


def install(root: str, watch: dict[str, list[int]] | None = None) -> None:
    """Hook the libraries, now or when they are imported.

    `root` is the application's absolute folder, `watch` the lines to report in `lines`, by file.
    """
    set_root(root)
    hooks.start()
    for part in (boundary, dependencies, phases, sql, eager, pool, threads, outbound, built, blocking):
        part.install()
    lines.install(watch)


def uninstall() -> None:
    """Take the hooks out again."""
    loop.stop()
    hooks.remove()


def attach(app: Any) -> Any:
    """Wrap an ASGI application so that each HTTP request is recorded and told to `on_finish`."""
    return boundary.Boundary(app, _finish_and_tell)


def finish(record_: Record, status: int) -> dict[str, Any]:
    """End a request; return it with the fields of `strop.evidence.Exchange`, JSON-ready."""
    try:
        loop.settle(record_)
        if record_.held:
            pool.settle(record_)
        record_.exchange["route"] = boundary.route_of(record_)
    except Exception:
        failures["finish"] += 1
    return record.close(record_, status)


def _finish_and_tell(record_: Record, status: int) -> None:
    try:
        exchange = finish(record_, status)
        if on_finish is not None:
            on_finish(exchange)
    except Exception:
        failures["finish"] += 1


def stop_watching() -> None:
    """Take the watch off lines, before costs are compared."""
    lines.stop()
