"""Does a handler answer from what the process remembers alone: the keys of a registry, the names of what is installed?"""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterator

from strop.project.function import Call, Function
from strop.project.project import Project
from strop.project.route import Route
from strop.regex import regex

_DEEPEST = 4
_LOOKS = regex(r"\.(keys|values|items|copy)\(\)$|\.get\([^()]+,[^()]*\)$")  # of a dictionary
_KEY = regex(r"(^|_)(id|uuid|pk|slug|name)$", re.IGNORECASE)


def is_of_memory(project: Project, route: Route, handler: Function) -> bool:
    """Whether a route reads, names no single thing, and all that it calls only looks at what lies in memory."""
    named = any(p.place != "query" or _KEY.search(p.name) for p in route.parameters)
    if route.method != "GET" or route.dependencies or named:
        return False
    return all(_looks(call) for function in _below(project, handler) for call in function.calls)


def _looks(call: Call) -> bool:
    if call.effect is not None or call.awaited or call.background:
        return False
    if call.target or call.name.startswith("typing."):
        return True
    return (hasattr(builtins, call.name) and call.name != "open") or bool(_LOOKS.search(call.text))


def _below(project: Project, handler: Function) -> Iterator[Function]:
    """A function and what it calls, so deep that nothing heavy is told as light."""
    level, seen = {handler.id}, {handler.id}
    for _ in range(_DEEPEST):
        found = [f for one in sorted(level) if (f := project.source.functions.get(one)) is not None]
        yield from found
        level = {call.target for f in found for call in f.calls if call.target} - seen
        seen |= level
