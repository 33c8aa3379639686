"""Which work is done once for an object that outlives the request: that of its `cached_property`?"""

from __future__ import annotations

from collections.abc import Iterable

from strop.project.function import Function
from strop.project.project import Project
from strop.span import Span, Step


class Remembering:
    """The calls of one project that stand in a `cached_property` of what no request makes."""

    def __init__(self, project: Project) -> None:
        cached = [f for f in project.source.functions.values() if _is_cached(f)]
        fresh = _made_for_requests(project, {_owner(f) for f in cached}) if cached else set()
        self.spans = {
            call.span for function in cached if _owner(function) not in fresh for call in function.calls
        }

    def has(self, span: Span) -> bool:
        """Whether a place lies in one."""
        return span in self.spans

    def have(self, chain: Iterable[Step]) -> bool:
        """Whether these calls lead through one."""
        return bool(self.spans) and any(step.span in self.spans for step in chain)


def _is_cached(function: Function) -> bool:
    return any(decorator.endswith("cached_property") for decorator in function.decorators)


def _owner(function: Function) -> str:
    """The id of the class that a method stands in."""
    return function.id.rpartition(".")[0]


def _made_for_requests(project: Project, owners: set[str]) -> set[str]:
    """Those of some classes that, or whose subclasses, dependencies are or functions make while they serve."""
    above = {m.name: owners & {m.id, *m.bases} for m in project.source.classes.values()}
    asked = {
        name for name, found in above.items() if found
    }  # ways are costly: only of who makes one of these
    made = {
        dependency.name.replace(":", ".")
        for route in project.imported.routes
        for dependency in route.dependencies
        if dependency.is_class
    }
    for function in project.source.functions.values():
        names = asked.intersection(call.name for call in function.calls)
        if not names <= made and _serves(project, function):
            made |= names
    return {owner for name in made & asked for owner in above[name]}


def _serves(project: Project, function: Function) -> bool:
    """Whether a function runs for a request."""
    return any(way.route and way.context != "startup" for way in project.reaches.get(function.id, ()))
