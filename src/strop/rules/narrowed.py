"""Does a page of rows belong to the caller, or to what the path names? By what the statement compares."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.route import Route
from strop.project.scope import Binding
from strop.regex import regex
from strop.rules.growth import is_tenant
from strop.rules.loading import elements

_CALLER = regex(
    r"^(current_|auth_|request_)?(user|principal|account|member|identity|actor|subject|me)(_id|_uuid)?$|^auth$",
    re.IGNORECASE,
)
_KEY = regex(r"(^|_)(id|uuid|pk)$")
_PATH = regex(r"\{(\w+)(?::\w+)?\}")
_NAMING = regex(r"_(id|uuid|name|slug|key)$")
_DEEPEST = 6


def note(body: Body, rule: str, names: frozenset[str]) -> Iterator[Mark]:
    """Pages whose size one of these names gives, with what each form of their statement is narrowed by."""
    for call in body.calls("limit"):
        given = {n.id for a in call.args for n in ast.walk(a) if isinstance(n, ast.Name)}
        given |= {n.attr for a in call.args for n in ast.walk(a) if isinstance(n, ast.Attribute)}
        if given & names and isinstance(call.func, ast.Attribute):
            forms = _forms(body, call.func.value, _DEEPEST)
            yield body.mark(rule, call, page="yes", forms=";".join("|".join(sorted(f)) for f in forms))


def _forms(body: Body, expr: ast.expr, depth: int) -> list[frozenset[str]]:
    """The roots of the values that keys are compared with, for each way in which a statement may have been built."""
    here: set[str] = set()
    while isinstance(expr, ast.Call) and isinstance(expr.func, ast.Attribute):
        if expr.func.attr in ("where", "filter", "filter_by"):
            here |= set(_values(body, expr))
        expr = expr.func.value
    found = _reaching(body, expr) if isinstance(expr, ast.Name) and depth else []
    if not found:
        return [frozenset(here)]
    return [frozenset(here | form) for each in found for form in _forms(body, each, depth - 1)]


def _reaching(body: Body, name: ast.Name) -> list[ast.expr]:
    """What a name may stand for, without what an assignment on the way to it has replaced."""
    blocks = {id(body.node), *(id(node) for node in body.around(name))}
    found: list[ast.expr] = []
    for expr in sorted(_assigned(body.bindings(name)), key=lambda e: e.lineno):
        if expr.lineno < name.lineno:
            above = body.parent(expr)
            if above is not None and id(body.parent(above)) in blocks:
                found.clear()
            found.append(expr)
    return found


def _assigned(bindings: Iterable[Binding]) -> Iterator[ast.expr]:
    for binding in bindings:
        if binding.how == "value" and binding.expr is not None and binding.index < 0:
            yield binding.expr


def _values(body: Body, call: ast.Call) -> Iterator[str]:
    for keyword in call.keywords:
        if keyword.arg and _is_key(keyword.arg):
            yield _root(keyword.value)
    for argument in call.args:
        for part in elements(body, argument) if isinstance(argument, ast.Starred) else [argument]:
            for node in ast.walk(part):
                match node:
                    case ast.Compare(
                        left=ast.Attribute(attr=column), ops=[ast.Eq()], comparators=[value]
                    ) if _is_key(column):
                        yield _root(value)


def _is_key(column: str) -> bool:
    return bool(_KEY.search(column)) and not _of_tenant(column)


def _of_tenant(name: str) -> bool:
    return is_tenant(_NAMING.sub("", name))


def _root(value: ast.expr) -> str:
    """The name that a value is taken from; the part of it that is who calls, where one is."""
    parts: list[str] = []
    while isinstance(value, ast.Attribute):
        parts.append(value.attr)
        value = value.value
    parts += [value.id] if isinstance(value, ast.Name) else []
    return next((p for p in parts if _CALLER.match(p)), parts[-1] if parts else "")


def belongs(project: Project, route: Route, marks: Iterable[Mark]) -> bool:
    """Whether all pages that a route reaches hold rows of the caller, or of one thing that the path names."""
    pages = [m for m in marks if any(w.route == route.key for w in project.reaches.get(m.function, ()))]
    named = any(not _of_tenant(p) for p in _PATH.findall(route.path))
    asked = {p.name for p in route.parameters if p.place == "query"}
    return bool(pages) and all(
        any(_CALLER.match(root) or (named and root not in asked) for root in form.split("|") if root)
        for m in pages
        for form in m.fact("forms").split(";")
    )
