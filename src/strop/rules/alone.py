"""Is the application one person's own: a program on a desk, a server that listens to its own machine, one login for all?

What protects people from each other, and the network from large answers, is of little weight there.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.regex import regex

ALONE = "one-person"  # the key of these marks; whichever rule asks makes them
_STARTS = ("run", "Config")
_SERVERS = ("uvicorn.", "hypercorn.")
_OWN_MACHINE = frozenset({"127.0.0.1", "localhost", "::1"})
_WINDOWS = frozenset({
    "tkinter", "pystray", "webview", "PyQt5", "PyQt6", "PySide2", "PySide6", "wx", "toga", "kivy", "rumps", "flet",
})  # fmt: skip
_HOSTS = regex(r"(^|_)(HOST|BIND|LISTEN)(_|$)", re.IGNORECASE)
_PEOPLE = regex(
    r"^(db_?)?(users?|members?|tenants?|organi[sz]ations?)(_?(db|model|table|create|read|update|in|out))?$",
    re.IGNORECASE,
)


def note_alone(body: Body) -> Iterator[Mark]:
    """Where servers are told which machine to listen to, and modules that start one beside a window of the desktop."""
    if body.kind == "module" and "uvicorn" in body.words:
        taken = {a.name.partition(".")[0] for node in body.of(ast.Import) for a in node.names}
        taken |= {(node.module or "").partition(".")[0] for node in body.of(ast.ImportFrom)}
        if taken & _WINDOWS:
            yield body.mark(ALONE, body.node, kind="window")
    for call in body.calls(*_STARTS):
        if body.name(call.func).startswith(_SERVERS):
            given = {k.arg: k.value for k in call.keywords}
            tried = "reload" in given  # how it is developed says nothing of how it is served
            here = not tried and "host" in given and _address(body, given["host"]) in _OWN_MACHINE
            yield body.mark(ALONE, call, kind="here" if here else "anywhere")


def _address(body: Body, given: ast.expr) -> object:
    """The address that an expression is, or is where nobody sets the variable: os.getenv("HOST", "127.0.0.1")."""
    value = body.value(given)
    if isinstance(value, ast.Call) and body.name(value.func) in ("os.getenv", "os.environ.get"):
        return body.constant(value.args[1]) if len(value.args) > 1 else None
    return body.constant(value)


def is_for_one(project: Project) -> bool:
    """Whether the application runs on a desk, listens to its own machine alone, or knows one login and no users."""
    kinds = {mark.fact("kind") for mark in project.source.marks.get(ALONE, ())}
    if "window" in kinds:
        return True
    return (kinds == {"here"} and not _is_shipped(project)) or _has_one_login(project)


def _is_shipped(project: Project) -> bool:
    """Whether files beside the code put it where others come to it: an image, a service, another command, a host."""
    shipped = project.shipped
    starts = [launch for launch in shipped.launches if not launch.development]
    told = any(_HOSTS.search(name) for service in shipped.services for name, _, _ in service.environment)
    elsewhere = any(launch.option("--host", "-b", "--bind", "-h") not in _OWN_MACHINE for launch in starts)
    return bool(shipped.images or shipped.services or shipped.proxies) or told or elsewhere


def _has_one_login(project: Project) -> bool:
    """Whether every route asks for HTTP Basic and nothing in the project is a user who could be another."""
    routes = [r for r in project.imported.routes if r.kind == "http" and r.span is not None and not r.plain]
    asked = [r for r in routes if any(d.scheme.endswith("HTTPBasic") for d in r.dependencies)]
    people = any(_PEOPLE.search(table.name) for table in project.imported.tables)
    kept = any(_PEOPLE.search(model.span.symbol) for model in project.source.classes.values())
    return bool(asked) and len(asked) >= 0.9 * len(routes) and not people and not kept
