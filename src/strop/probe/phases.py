"""How long do dependencies, the handler, serialization and background tasks of a request take?"""

from __future__ import annotations

import functools
from types import ModuleType
from typing import Any

from . import hooks
from .record import Entry, Record, current
from .ticks import perf_counter_ns


def install() -> None:
    """Record phases from now on."""
    hooks.when_imported("fastapi.routing", _patch_routing)
    hooks.when_imported("starlette.background", _patch_background)


_names: dict[int, tuple[str, Any]] = {}  # a callable is kept so that its id stays its own


def name_of(call: Any) -> str:
    """Name a callable "module:qualname"."""
    while isinstance(call, functools.partial):
        call = call.func
    if not hasattr(call, "__qualname__"):
        call = type(call)
    return f"{call.__module__}:{call.__qualname__}"


def enter(record: Record, kind: str, call: Any, thread: bool = False) -> Entry:
    """Begin a phase, and end the one before it: they follow each other."""
    known = _names.get(id(call))
    if known is None:
        known = (name_of(call), call)
        if kind != "background":  # whose functions may be made for the one task
            _names[id(call)] = known
    now = perf_counter_ns()
    if record.phase is not None:
        leave(record, record.phase)
    phase = {
        "kind": kind,
        "name": known[0],
        "start": (now - record.start) // 1000,
        "duration": now,  # the start, until the phase is over
        "thread": thread,
        "wait": 0,
    }
    record.phases.append(phase)
    record.phase = phase
    record.phase_call = call
    return phase


def leave(record: Record, phase: Entry) -> None:
    """End a phase, unless it has ended."""
    if record.phase is phase:
        phase["duration"] = (perf_counter_ns() - phase["duration"]) // 1000
        record.phase = record.phase_call = None


def _try_enter(record: Record, kind: str, call: Any, thread: bool) -> Entry | None:
    try:
        return enter(record, kind, call, thread)
    except Exception:
        hooks.failures["phases"] += 1
        return None


def _patch_routing(module: ModuleType) -> None:
    run = module.run_endpoint_function
    serialize = module.serialize_response

    @functools.wraps(run)
    async def run_endpoint_function(*, dependant: Any, values: Any, is_coroutine: bool, **kw: Any) -> Any:
        record = current.get()
        if record is None:
            return await run(dependant=dependant, values=values, is_coroutine=is_coroutine, **kw)
        phase = _try_enter(record, "handler", dependant.call, not is_coroutine)
        try:
            return await run(dependant=dependant, values=values, is_coroutine=is_coroutine, **kw)
        finally:
            if phase is not None:
                leave(record, phase)

    @functools.wraps(serialize)
    async def serialize_response(**kw: Any) -> Any:
        record = current.get()
        if record is None:
            return await serialize(**kw)
        in_thread = kw.get("field") is not None and not kw.get("is_coroutine", True)
        phase = _try_enter(record, "serialize", serialize, in_thread)
        try:
            return await serialize(**kw)
        finally:
            if phase is not None:
                leave(record, phase)

    hooks.replace_function(module, "run_endpoint_function", run_endpoint_function)
    hooks.replace_function(module, "serialize_response", serialize_response)


def _patch_background(module: ModuleType) -> None:
    original = module.BackgroundTask.__call__

    @functools.wraps(original)
    async def __call__(self: Any) -> Any:  # noqa: N807  (it is the task's own)
        record = current.get()
        if record is None:
            return await original(self)
        phase = _try_enter(record, "background", self.func, not self.is_async)
        try:
            return await original(self)
        finally:
            if phase is not None:
                leave(record, phase)

    hooks.replace(module.BackgroundTask, "__call__", __call__)
