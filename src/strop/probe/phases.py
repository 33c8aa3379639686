"""How long do dependencies, the handler, serialization and background tasks of a request take?

FastAPI solves dependencies depth first: it solves those of a dependency, calls it, and goes on to its
sibling. So a dependency's call lasts from the end of `solve_dependencies` for it until FastAPI solves
the next one or reads the parameters of the one that asked for it.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from time import perf_counter_ns
from types import ModuleType
from typing import Any

from . import hooks
from .record import Entry, Record, current


def install() -> None:
    """Record phases from now on."""
    hooks.when_imported("fastapi.dependencies.utils", _patch_solving)
    hooks.when_imported("fastapi.routing", _patch_routing)
    hooks.when_imported("starlette.background", _patch_background)


def name_of(call: Any) -> str:
    """Name a callable "module:qualname"."""
    while isinstance(call, functools.partial):
        call = call.func
    if not hasattr(call, "__qualname__"):
        call = type(call)
    return f"{call.__module__}:{call.__qualname__}"


def _open(record: Record, kind: str, call: Any, thread: bool = False) -> Entry:
    now = perf_counter_ns()
    phase = {
        "kind": kind,
        "name": name_of(call),
        "start": (now - record.start) // 1000,
        "duration": now,  # the start, until the phase is shut
        "thread": thread,
        "wait": 0,
    }
    record.phases.append(phase)
    record.phase = phase
    record.phase_call = call
    return phase


def _shut(record: Record, phase: Entry) -> None:
    phase["duration"] = (perf_counter_ns() - phase["duration"]) // 1000
    record.phase = record.phase_call = None


def _patch_solving(module: ModuleType) -> None:
    solve = module.solve_dependencies
    read = module.request_params_to_args

    @functools.wraps(solve)
    def solve_dependencies(**kw: Any) -> Any:
        record = current.get()
        if record is None or "dependency_cache" not in kw:  # of the handler: no dependency itself
            return solve(**kw)
        return _solve_one(record, solve, kw)

    @functools.wraps(read)
    def request_params_to_args(*args: Any, **kw: Any) -> Any:
        record = current.get()
        if record is not None and record.phase is not None:
            _shut(record, record.phase)
        return read(*args, **kw)

    hooks.replace_function(module, "solve_dependencies", solve_dependencies)
    hooks.replace(module, "request_params_to_args", request_params_to_args)


async def _solve_one(record: Record, solve: Callable[..., Any], kw: dict[str, Any]) -> Any:
    if record.phase is not None:
        _shut(record, record.phase)
    solved = await solve(**kw)
    try:
        if record.phase is not None:
            _shut(record, record.phase)
        errors = solved[1] if isinstance(solved, tuple) else solved.errors
        if not errors:
            _open_dependency(record, kw["dependant"])
    except Exception:
        hooks.failures["phases"] += 1
    return solved


def _open_dependency(record: Record, dependant: Any) -> None:
    """FastAPI calls this dependency now, unless it has its value from an earlier call."""
    call = dependant.call
    if record.solved is None:
        record.solved = set()
    if dependant.use_cache and id(call) in record.solved:
        return
    record.solved.add(id(call))
    _open(record, "dependency", call)


def _patch_routing(module: ModuleType) -> None:
    run = module.run_endpoint_function
    serialize = module.serialize_response

    @functools.wraps(run)
    async def run_endpoint_function(**kw: Any) -> Any:
        record = current.get()
        if record is None:
            return await run(**kw)
        phase = _begin(record, "handler", kw["dependant"].call, not kw["is_coroutine"])
        try:
            return await run(**kw)
        finally:
            _end(record, phase)

    @functools.wraps(serialize)
    async def serialize_response(**kw: Any) -> Any:
        record = current.get()
        if record is None:
            return await serialize(**kw)
        in_thread = kw.get("field") is not None and not kw.get("is_coroutine", True)
        phase = _begin(record, "serialize", serialize, in_thread)
        try:
            return await serialize(**kw)
        finally:
            _end(record, phase)

    hooks.replace_function(module, "run_endpoint_function", run_endpoint_function)
    hooks.replace_function(module, "serialize_response", serialize_response)


def _patch_background(module: ModuleType) -> None:
    original = module.BackgroundTask.__call__

    @functools.wraps(original)
    async def __call__(self: Any) -> Any:  # noqa: N807  (it is the task's own)
        record = current.get()
        if record is None:
            return await original(self)
        phase = _begin(record, "background", self.func, not self.is_async)
        try:
            return await original(self)
        finally:
            _end(record, phase)

    hooks.replace(module.BackgroundTask, "__call__", __call__)


def _begin(record: Record, kind: str, call: Any, thread: bool) -> Entry | None:
    try:
        if record.phase is not None:
            _shut(record, record.phase)
        return _open(record, kind, call, thread)
    except Exception:
        hooks.failures["phases"] += 1
        return None


def _end(record: Record, phase: Entry | None) -> None:
    if phase is not None and phase is record.phase:
        _shut(record, phase)
