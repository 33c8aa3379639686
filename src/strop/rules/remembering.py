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
        fresh = _made_for_requests(project) if cached else set()
        self.spans = {
            call.span
            for function in cached
            if function.id.rpartition(".")[0] not in fresh
            for call in function.calls
        }

    def has(self, span: Span) -> bool:
        """Whether a place lies in one."""
        return span in self.spans

    def have(self, chain: Iterable[Step]) -> bool:
        """Whether these calls lead through one."""
        return bool(self.spans) and any(step.span in self.spans for step in chain)


def _is_cached(function: Function) -> bool:
    return any(decorator.endswith("cached_property") for decorator in function.decorators)


def _made_for_requests(project: Project) -> set[str]:
    """The ids of classes that dependencies are or functions make while they serve, with the classes above them."""
    named = {model.name: model for model in project.source.classes.values()}
    made = {
        dependency.name.replace(":", ".")
        for route in project.imported.routes
        for dependency in route.dependencies
        if dependency.is_class
    }
    for function in project.source.functions.values():
        if any(way.route and way.context != "startup" for way in project.reaches.get(function.id, ())):
            made.update(call.name for call in function.calls if call.name in named)
    found = [named[name] for name in made if name in named]
    return {one for model in found for one in (model.id, *model.bases)}
