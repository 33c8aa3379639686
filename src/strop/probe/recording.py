"""What did each request cost? The one module through which the probe's drivers use the hooks.

Import it before the clock of the world is frozen: the hooks keep the real clock from then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import boundary, hooks, phases, record, sql, threads
from .frames import set_root
from .record import Record, begin

__all__ = ["attach", "begin", "failures", "finish", "install", "on_finish", "uninstall"]

on_finish: Callable[[dict[str, Any]], None] | None = None  # told each exchange by the wrapper

failures = hooks.failures


def install(root: str, watch: dict[str, list[int]] | None = None) -> None:
    """Hook the libraries, now or when they are imported; `root` is the application's absolute folder."""
    set_root(root)
    hooks.start()
    for part in (boundary, phases, sql, threads):
        part.install()


def uninstall() -> None:
    """Take the hooks out again."""
    hooks.remove()


def attach(app: Any) -> Any:
    """Wrap an ASGI application so that each HTTP request is recorded and told to `on_finish`."""
    return boundary.Boundary(app, _finish_and_tell)


def finish(record_: Record, status: int) -> dict[str, Any]:
    """End a request; return it with the fields of `strop.evidence.Exchange`, JSON-ready."""
    record.leave(record_)
    try:
        route = boundary.route_of(record_)
    except Exception:
        failures["route"] += 1
        route = ""
    return record.close(record_, status, route)


def _finish_and_tell(record_: Record, status: int) -> None:
    try:
        exchange = finish(record_, status)
        if on_finish is not None:
            on_finish(exchange)
    except Exception:
        failures["finish"] += 1
