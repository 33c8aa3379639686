"""Which functions need the event loop in the thread that they run in? A handler that leads to one can't be `def`."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.project.body import Body
from strop.project.function import Function
from strop.project.mark import Mark
from strop.project.project import Project
from strop.regex import regex
from strop.rules.caught import caught_names, is_broad

_KIND = "loop"
_DEEPEST = 4  # calls below the handler
_ASKS = frozenset({
    "asyncio.create_task", "asyncio.ensure_future", "asyncio.get_running_loop", "asyncio.get_event_loop",
    "asyncio.current_task", "asyncio.all_tasks", "asyncio.timeout",
})  # fmt: skip
_OF_LOOP = regex(  # what only the loop's own thread may do; call_soon_threadsafe is for others
    r"^asyncio\.(\w+\.)?((AbstractEventLoop|BaseEventLoop)\.(call_soon|call_later|call_at|create_task|create_future)"
    r"|(Queue|LifoQueue|PriorityQueue)\.(put|get)_nowait|Event\.(set|clear)|Future\.set_(result|exception)|Task\.cancel)$"
)
_NAMES = (
    *("call_soon", "call_later", "call_at", "create_future", "put_nowait", "get_nowait", "set", "clear"),
    *("set_result", "set_exception", "cancel", *(name.rpartition(".")[2] for name in sorted(_ASKS))),
)


def needs(body: Body, rule: str) -> Iterator[Mark]:
    """A mark for a function that needs the running loop; not where it does something else without one."""
    for call in body.calls(*_NAMES):
        name = body.name(call.func)
        if (name in _ASKS or _OF_LOOP.match(name)) and not _is_tried(body, call):
            yield body.mark(rule, call, kind=_KIND)
            return


def _is_tried(body: Body, call: ast.Call) -> bool:
    """Whether that there is no loop is expected."""
    inside: ast.AST = call
    for around in body.around(call):
        if isinstance(around, ast.Try) and inside in around.body:
            for handler in around.handlers:
                if is_broad(body, handler) or "RuntimeError" in caught_names(body, handler):
                    return True
        inside = around
    return False


def leads_to_loop(project: Project, function: Function, rule: str) -> bool:
    """Whether a function, or what it calls in the same thread (constructors too), needs the running loop."""
    needing = {m.function for m in project.source.marks.get(rule, ()) if m.fact("kind") == _KIND}
    level, seen = {function.id}, {function.id}
    for _ in range(_DEEPEST + 1):
        if level & needing:
            return True
        level = {name for one in level for name in _called(project, one)} - seen
        seen |= level
    return False


def _called(project: Project, function: str) -> Iterator[str]:
    found = project.source.functions.get(function)
    for call in found.calls if found is not None else ():
        target = project.source.functions.get(call.target)
        if target is not None and not (target.is_async or target.off_loop or call.off_loop):
            yield target.id
