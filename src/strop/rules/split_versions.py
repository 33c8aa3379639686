"""Are two handlers of one path versions of it, of which each gets a tree of its own?

fastapi-versionizer and fastapi-versioning take the routes apart after they were declared, by what a decorator says.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.project.body import Body
from strop.project.function import Function
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.route import Route
from strop.rules.code import handler
from strop.rules.syntax import function_node

_KIND = "versions"
VERSIONED = ("Versionizer", "VersionedFastAPI", "versionize")
_LIBRARIES = ("fastapi_versionizer.", "fastapi_versioning.")
_SAYS = (".api_version", ".version")


def versionings(body: Body, code: str) -> Iterator[Mark]:
    """A mark where the routes of an application are taken apart by version."""
    for call in body.calls(*VERSIONED):
        if body.name(call.func).startswith(_LIBRARIES):
            yield body.mark(code, call, kind=_KIND)


def are_apart(project: Project, marks: list[Mark], one: Route, other: Route) -> bool:
    """Whether the handlers of two routes have different versions, and the application is taken apart by them."""
    if not any(mark.fact("kind") == _KIND for mark in marks):
        return False
    return _version(project, handler(project, one)) != _version(project, handler(project, other))


def _version(project: Project, function: Function | None) -> str:
    """The arguments of the decorator that tells the version; "" without one."""
    node = function_node(project, function) if function is not None else None
    if node is None or function is None:
        return ""
    for name, decorator in zip(function.decorators, node.decorator_list, strict=False):
        if name.startswith(_LIBRARIES) and name.endswith(_SAYS) and isinstance(decorator, ast.Call):
            return ",".join(ast.unparse(v) for v in (*decorator.args, *(k.value for k in decorator.keywords)))
    return ""
