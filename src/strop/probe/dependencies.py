"""How long does each dependency of a request take?

FastAPI solves dependencies depth first: it solves those of a dependency, calls it, and goes on to its
sibling. So a dependency's call lasts from the end of `solve_dependencies` for it until FastAPI solves
the next one or reads the parameters of the one that asked for it.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

from . import hooks
from .phases import enter, leave
from .record import Record, current


def install() -> None:
    """Record dependencies from now on."""
    hooks.when_imported("fastapi.routing", _patch)


def _patch(routing: ModuleType) -> None:
    module = sys.modules["fastapi.dependencies.utils"]
    solve = module.solve_dependencies
    read = module.request_params_to_args

    # The module's own calls are for a dependency. That of `fastapi.routing`, which is for the handler,
    # keeps the function it has imported.
    @functools.wraps(solve)
    def solve_dependencies(**kw: Any) -> Any:
        record = current.get()
        return solve(**kw) if record is None else _solve(record, solve, kw)

    @functools.wraps(read)
    def request_params_to_args(*args: Any) -> Any:
        record = current.get()
        if record is not None and record.phase is not None:
            leave(record, record.phase)
        return read(*args)

    hooks.replace(module, "solve_dependencies", solve_dependencies)
    hooks.replace(module, "request_params_to_args", request_params_to_args)


async def _solve(record: Record, solve: Callable[..., Any], kw: dict[str, Any]) -> Any:
    if record.phase is not None:
        leave(record, record.phase)
    solved = await solve(**kw)
    try:
        errors = solved[1] if isinstance(solved, tuple) else solved.errors
        if not errors:
            _called_now(record, kw["dependant"])
    except Exception:
        hooks.failures["dependencies"] += 1
    return solved


def _called_now(record: Record, dependant: Any) -> None:
    """FastAPI calls this dependency now, unless it has its value from an earlier call."""
    call = dependant.call
    if record.solved is None:
        record.solved = set()
    elif dependant.use_cache and id(call) in record.solved:
        if record.phase is not None:
            leave(record, record.phase)
        return
    record.solved.add(id(call))
    enter(record, "dependency", call)
