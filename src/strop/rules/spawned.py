"""Does a function go on before a call of it is through: handed to a task, or to run later?"""

from __future__ import annotations

from strop.project.function import Call, Function, Reach
from strop.project.project import Project
from strop.rules.code import function_at

_SPAWNS = frozenset({"create_task", "ensure_future", "start_soon"})  # of asyncio, a loop, a group
_GROUPS = frozenset({"TaskGroup", "create_task_group", "open_nursery"})  # their `async with` waits for all


def is_waited_for(function: Function, call: Call) -> bool:
    """Whether a function goes on only when this call is through: it hands it neither to a task nor to later."""
    return not (call.background or call.once or is_spawned(function, call))


def is_spawned(function: Function, call: Call) -> bool:
    """Whether a call makes the coroutine of a task that the function does not wait for."""
    return any(
        spawn is not call and _starts(spawn) and _holds(spawn, call) and not _is_awaited(function, spawn)
        for spawn in function.calls
    )


def leads_through_task(project: Project, way: Reach) -> bool:
    """Whether a way comes through such a task: nothing before it waits for what comes after it."""
    for step in way.chain:
        function = function_at(project, step.span)
        calls = function.calls if function is not None else ()
        if function is not None and any(
            c.span == step.span and c.text == step.text and is_spawned(function, c) for c in calls
        ):
            return True
    return False


def _starts(call: Call) -> bool:
    return not call.awaited and call.name.rpartition(".")[2] in _SPAWNS


def _is_awaited(function: Function, spawn: Call) -> bool:
    """Whether the function waits for the task all the same: `await gather(create_task(f()))`, or a group's end."""
    around = (c for c in function.calls if c.awaited and c is not spawn)
    return any(spawn.text in c.text for c in around) or _is_in_group(function, spawn)


def _is_in_group(function: Function, spawn: Call) -> bool:
    """Whether a group that this function opens waits for the task at its end."""
    groups = (c for c in function.calls if c.name.rpartition(".")[2] in _GROUPS)
    return not spawn.name.startswith("asyncio.create_task") and any(
        g.span.line < spawn.span.line for g in groups
    )


def _holds(outer: Call, inner: Call) -> bool:
    end = max(outer.span.end_line, outer.span.line)
    return not inner.awaited and outer.span.line <= inner.span.line <= end
