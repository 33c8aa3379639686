"""Which values are database sessions, and who owns them: the request, by a dependency, or the function itself?"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from strop.project.body import Body
from strop.project.project import Project
from strop.project.route import Dependency, Route

SESSIONS = frozenset(
    {
        "sqlalchemy.orm.Session",
        "sqlalchemy.orm.scoped_session",
        "sqlalchemy.ext.asyncio.AsyncSession",
        "sqlalchemy.ext.asyncio.async_scoped_session",
        "sqlalchemy.ext.asyncio.AsyncConnection",
        "sqlalchemy.Connection",
        "asyncpg.Connection",
        "psycopg.AsyncConnection",
        "psycopg.Connection",
    }
)
WORDS = frozenset(
    {"session", "db", "Session", "AsyncSession", "conn", "connection", "db_session", "SessionDep"}
)


def is_session(body: Body, expr: ast.expr) -> bool:
    """Whether an expression is a database session or connection, by its type."""
    found = body.instance(expr)
    return bool(found) and any(base in SESSIONS for base in body.bases(found))


def parameters(body: Body) -> set[str]:
    """The parameters of a function that are sessions."""
    if not isinstance(body.node, ast.FunctionDef | ast.AsyncFunctionDef):
        return set()
    arguments = body.node.args
    found = set()
    for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
        ref = body.types.bound(body.scope.names.get(each.arg, ()))
        name = ref.name if ref is not None and ref.kind == "instance" else ""
        if name and any(base in SESSIONS for base in body.bases(name)):
            found.add(each.arg)
    return found


def injected(route: Route, parameter: str, given: str = "") -> Dependency | None:
    """The generator dependency that gives a handler this parameter, and closes it afterwards.

    One that other dependencies ask for too is listed once, for the first of them: `given` is the dotted name of
    the function that the parameter's default names.
    """
    for dependency in route.dependencies:
        own = dependency.parameter == parameter and dependency.depth == 1
        shared = bool(given) and dependency.name.replace(":", ".") == given
        if dependency.is_generator and (own or shared):
            return dependency
    return None


def depends_on(body: Body, parameter: str) -> str:
    """The dotted name of the function in `parameter=Depends(function)`; "" where the default names none."""
    for binding in body.scope.names.get(parameter, ()):
        default = binding.default
        if isinstance(default, ast.Call) and default.args:
            ref = body.ref(default.args[0])
            return ref.name if ref is not None and ref.kind == "function" else ""
    return ""


def served_by(project: Project, function: str) -> list[Route]:
    """The routes whose handler is this function."""
    file, _, symbol = function.partition(":")
    return [
        r
        for r in project.imported.routes
        if r.span is not None and r.span.file == file and r.name.partition(":")[2] == symbol
    ]


def exit_before_answer(project: Project) -> bool | None:
    """Whether a dependency's code after `yield` runs before the answer is sent: FastAPI 0.106 to 0.117.

    None where the version is not known.
    """
    from packaging.version import InvalidVersion, Version  # only noticing needs none

    text = dict(project.imported.versions).get("fastapi", "")
    try:
        version = Version(text)
    except InvalidVersion:
        return None
    return Version("0.106") <= version < Version("0.118")


def names_in(expr: ast.AST) -> set[str]:
    """The names that an expression reads."""
    return {n.id for n in ast.walk(expr) if isinstance(n, ast.Name)}


def arguments(call: ast.Call) -> Iterable[ast.expr]:
    """All that a call is given, by place and by name."""
    yield from call.args
    for keyword in call.keywords:
        yield keyword.value
