"""Does the program change the order of an application's routes by hand? Then the source's order says nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.route import Route
from strop.rules.named import dotted

_KIND = "order"
_OWNERS = frozenset({
    "fastapi.FastAPI", "fastapi.applications.FastAPI", "fastapi.APIRouter", "fastapi.routing.APIRouter",
    "starlette.applications.Starlette", "starlette.routing.Router",
})  # fmt: skip
_CHANGES = frozenset({"remove", "pop", "sort", "reverse", "clear", "insert"})


def reorderings(body: Body, code: str) -> Iterator[Mark]:
    """A mark for each change; what is only put at the end, or made for its place, moves no other route."""
    for routes in (node for node in body.of(ast.Attribute) if node.attr == "routes"):
        if _is_changed(body, routes) and (owner := _owner(body, routes.value)):
            yield body.mark(code, routes, kind=_KIND, owner=owner)


def _is_changed(body: Body, routes: ast.Attribute) -> bool:
    above = body.parent(routes)
    if isinstance(above, ast.Subscript):
        return isinstance(above.ctx, ast.Store | ast.Del)
    if isinstance(above, ast.Attribute) and above.attr in _CHANGES:
        call = body.parent(above)
        new = isinstance(call, ast.Call) and call.args and isinstance(call.args[-1], ast.Call)
        return isinstance(call, ast.Call) and not (above.attr == "insert" and new)
    return isinstance(routes.ctx, ast.Store)


def _owner(body: Body, value: ast.expr) -> str:
    """The dotted name of the application or router, "?" where it has none; "" for anything else."""
    whole = value.value if isinstance(value, ast.Attribute) and value.attr == "router" else value
    if not _OWNERS.isdisjoint(body.bases(body.instance(whole))):
        return dotted(body, whole) or "?"
    return ""


def are_moved(project: Project, marks: list[Mark], route: Route) -> bool:
    """Whether the routes are moved of the application that serves a route: by its name, or where it is made."""
    moved = (mark for mark in marks if mark.fact("kind") == _KIND)
    served = [one for one in project.imported.routes if one.application == route.application]
    names = {one.router.replace(":", ".") for one in served}
    file = route.application.rpartition(":")[0]
    return any(mark.fact("owner") in names or (file and file == mark.span.file) for mark in moved)
