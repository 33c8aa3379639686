"""Which function of the project does a middleware run for each request?"""

from __future__ import annotations

from collections.abc import Iterator

from strop.project.function import Function
from strop.project.project import Project
from strop.project.route import Middleware

_METHODS = ("dispatch", "__call__")


def layer(project: Project, middleware: Middleware) -> Function | None:
    """The method or function of a middleware of the project; None for a library's."""
    if middleware.span is None:
        return None
    file, name = middleware.span.file, middleware.name.partition(":")[2]
    own = project.source.classes.get(f"{file}:{name}")
    if own is None:
        return project.source.functions.get(f"{file}:{name}")
    for class_id in (own.id, *own.bases):
        for method in _METHODS:
            found = project.source.functions.get(f"{class_id}.{method}")
            if found is not None:
                return found
    return None


def layers(project: Project) -> Iterator[tuple[Middleware, Function]]:
    """The project's own middleware, outermost first, each once."""
    seen: set[str] = set()
    for middleware in project.imported.middleware:
        function = layer(project, middleware)
        if function is not None and function.id not in seen:
            seen.add(function.id)
            yield middleware, function


def name_of(middleware: Middleware) -> str:
    """The name as people write it: AuthMiddleware."""
    return middleware.name.rpartition(":")[2].rpartition(".")[2]
