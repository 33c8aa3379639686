"""How often does a request hop to the thread pool, and how long does it wait for a thread?"""

from __future__ import annotations

import asyncio.base_events
import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any

from . import hooks
from .record import Entry, Record, current
from .ticks import perf_counter_ns


class _Hop:
    """A function on its way to a thread; carries the record where the context does not go along."""

    __slots__ = ("carry", "function", "phase", "record", "submitted")

    def __init__(self, owner: Record, function: Callable[..., Any], carry: bool) -> None:
        self.record = owner
        self.function = function
        self.carry = carry
        owner.count("threads")
        phase = owner.phase
        mine = phase is not None and _target(function) is owner.phase_call
        self.phase: Entry | None = phase if mine else None
        self.submitted = perf_counter_ns()

    def __call__(self, *args: Any) -> Any:
        if self.phase is not None:
            self.phase["thread"] = True
            self.phase["wait"] += (perf_counter_ns() - self.submitted) // 1000
        if not self.carry or current.get() is not None:
            return self.function(*args)
        token = current.set(self.record)
        try:
            return self.function(*args)
        finally:
            current.reset(token)


def _target(function: Any) -> Any:
    """The application's function behind what FastAPI hands to the pool."""
    while isinstance(function, functools.partial):
        inner = function.keywords.get("function")
        function = inner if inner is not None and "arguments" in function.keywords else function.func
    owner = getattr(function, "__self__", None)
    if owner is not None and hasattr(owner, "gen") and hasattr(owner, "func"):
        return owner.func  # a generator's context manager
    return function


def install() -> None:
    """Record hops from now on."""
    hooks.when_imported("anyio.to_thread", _patch_anyio)
    loop = asyncio.base_events.BaseEventLoop
    hooks.replace(loop, "run_in_executor", _executor(loop.run_in_executor))


def _patch_anyio(module: ModuleType) -> None:
    original = module.run_sync

    @functools.wraps(original)
    def run_sync(func: Callable[..., Any], *args: Any, **kw: Any) -> Any:
        owner = current.get()
        if owner is not None:
            func = _Hop(owner, func, carry=False)
        return original(func, *args, **kw)

    hooks.replace_function(module, "run_sync", run_sync)


def _executor(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def run_in_executor(self: Any, executor: Any, func: Callable[..., Any], *args: Any) -> Any:
        owner = current.get()
        # A process pool pickles what it gets.
        if owner is not None and (executor is None or hasattr(executor, "_threads")):
            func = _Hop(owner, func, carry=True)
        return original(self, executor, func, *args)

    return run_in_executor
