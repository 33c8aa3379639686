"""What FastAPI does with a function: handler, dependency, WebSocket handler."""

from __future__ import annotations

import libcst as cst

from strop.finding import Finding
from strop.fixes.code import Code, called_name
from strop.fixes.draft import Draft
from strop.fixes.files import module_name
from strop.fixes.unfit import Unfit
from strop.project.project import Project
from strop.span import Span

METHODS = {"get", "post", "put", "patch", "delete", "head", "options", "trace", "api_route"}


def role_of(project: Project, code: Code, function: cst.FunctionDef) -> str:
    """ "handler", "dependency", "websocket" or ""."""
    roles = set()
    for route in project.imported.routes:
        if _is(code, function, route.name, route.span):
            roles.add("handler" if route.kind == "http" else route.kind)
        for dependency in route.dependencies:
            if not dependency.is_class and _is(code, function, dependency.name, dependency.span):
                roles.add("dependency" if route.kind == "http" else "websocket dependency")
    return roles.pop() if len(roles) == 1 else " and ".join(sorted(roles))


def _is(code: Code, function: cst.FunctionDef, name: str, span: Span | None) -> bool:
    module, _, qualname = name.partition(":")
    if qualname != code.qualname(function):
        return False
    if span is not None and span.file:
        return span.file == code.file
    return module_name(code.file).endswith(module)


def named_function(project: Project, draft: Draft, finding: Finding) -> tuple[Code, cst.FunctionDef]:
    """The function that a finding is about: by its fact ("file:qualname" or a name), else by its place."""
    name = finding.fact("function")
    file, _, qualname = name.partition(":") if name.partition(":")[0].endswith(".py") else ("", "", name)
    code = draft.code(file or finding.span.file)
    found = code.function(qualname.rpartition(":")[2]) if qualname else None
    found = found or code.function_at(finding.span.line)
    if found is None:
        raise Unfit(f"there is no function at {finding.span}")
    return code, found


def must_be_plain(function: cst.FunctionDef) -> None:
    """Unfit if a decorator other than a route's wraps the function."""
    for decorator in function.decorators:
        call = decorator.decorator
        if not (
            isinstance(call, cst.Call)
            and isinstance(call.func, cst.Attribute)
            and called_name(call) in METHODS
        ):
            raise Unfit(f"{function.name.value} has a decorator that may call or await it")
