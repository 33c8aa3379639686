"""What do the requests cost that this very process serves, by whichever application?

For tests that strop neither starts nor isolates: no frozen clock, no seeds, no copies of databases. Only
the hooks that count are installed, and `Starlette.__call__` tells where a request begins and ends.
"""

from __future__ import annotations

import asyncio
import functools
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from . import blocking, boundary, dependencies, hooks, loop, phases, recording, sql, threads
from .frames import Place, kinds, set_root
from .record import Entry, Record, current

Tell = Callable[[Entry, Place | None], None]

failures = hooks.failures

_tell: Tell | None = None
_installed = False


def install(root: str) -> bool:
    """Hook the libraries; `root` is the folder of the user's code. False if they are hooked already."""
    global _installed
    if _installed:
        return False
    _installed = True
    set_root(root)
    hooks.start()
    for part in (boundary, dependencies, phases, sql, threads, blocking):
        part.install()
    hooks.when_imported("starlette.applications", _patch)
    return True


def uninstall() -> None:
    """Take the hooks out again."""
    global _installed
    listen(None)
    recording.uninstall()
    _installed = False


def listen(tell: Tell | None) -> None:
    """Tell each exchange with the place of its handler as soon as it ends; None: record nothing."""
    global _tell
    _tell = tell
    if tell is None:
        loop.stop()


def _patch(module: ModuleType) -> None:
    original = module.Starlette.__call__

    @functools.wraps(original)
    async def call(app: Any, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] != "http" or _tell is None or _is_inside():
            await original(app, scope, receive, send)
            return
        _watch_loop()
        await boundary.Boundary(functools.partial(original, app), _finish)(scope, receive, send)

    hooks.replace(module.Starlette, "__call__", call)


def _is_inside() -> bool:
    """Whether another application serves this request already. A record that has ended is another request's."""
    record = current.get()
    return record is not None and record.token is not None


def _watch_loop() -> None:
    try:
        loop.follow(asyncio.get_running_loop())
    except RuntimeError:  # trio's: its loop is not watched
        return
    except Exception:
        failures["loop"] += 1


def _finish(record: Record, status: int) -> None:
    try:
        scope = record.scope
        exchange = recording.finish(record, status)
        if _tell is not None:
            _tell(exchange, _handler(scope))
    except Exception:
        failures["finish"] += 1


_handlers: dict[int, tuple[Place | None, Any]] = {}  # a handler is kept so that its id stays its own


def _handler(scope: Any) -> Place | None:
    """Where the function lies that answered."""
    scope = scope or {}
    endpoint = getattr(scope.get("route"), "endpoint", None) or scope.get("endpoint")
    known = _handlers.get(id(endpoint))
    if known is None:
        known = _handlers[id(endpoint)] = (place_of(endpoint), endpoint)
    return known[0]


def place_of(call: Any) -> Place | None:
    """Where a callable of the user's is defined; None for a library's."""
    while isinstance(call, functools.partial):
        call = call.func
    call = getattr(call, "__wrapped__", call)
    if isinstance(call, type):
        call = vars(call).get("__init__")
    code = getattr(call, "__code__", None)
    if code is None or not kinds[code.co_filename]:
        return None
    return {"file": kinds[code.co_filename], "line": code.co_firstlineno, "symbol": code.co_qualname}


def place_of_name(name: str) -> Place | None:
    """The same of a callable that a phase names "module:qualname"."""
    module, _, path = name.partition(":")
    found: Any = sys.modules.get(module)
    for part in path.split("."):
        found = getattr(found, part, None)
    return None if found is None else place_of(found)
