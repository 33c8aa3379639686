"""Which secrets does a handler draw, keep nowhere, and hand to whoever asked? They are nobody's yet."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.route import Route
from strop.project.spelling import last_name
from strop.regex import regex
from strop.rules.code import handler
from strop.rules.secretive import is_secret

_KIND = "drawn"
_DRAWS = regex(r"^(generate|gen|random|draw|suggest|propose)_")


def drawn(body: Body, rule: str) -> Iterator[Mark]:
    """A mark for each field of a model of the project that is given what is drawn here and goes nowhere else."""
    for call in body.of(ast.Call):
        for keyword in call.keywords:
            if keyword.arg and is_secret(keyword.arg) and body.name(call.func) in body.types.found.classes:
                value = body.value(keyword.value)
                if _is_drawn(body, value) and not _is_kept(body, keyword):
                    yield body.mark(rule, keyword, kind=_KIND, field=keyword.arg)


def is_drawn(project: Project, route: Route, field: str) -> bool:
    """Whether the handler of a route draws this field of its answer."""
    served = handler(project, route)
    if served is None:
        return False
    marks = project.source.marks.within("SCH002", served.id)
    return any(m.fact("kind") == _KIND and m.fact("field") == field for m in marks)


def _is_drawn(body: Body, value: ast.expr) -> bool:
    called = [node.func for node in ast.walk(value) if isinstance(node, ast.Call)]
    return any(body.name(f).startswith("secrets.") or _DRAWS.search(last_name(f)) for f in called)


def _is_kept(body: Body, given: ast.keyword) -> bool:
    """Whether the value is used for anything else that may keep it: an argument, an item, an attribute."""
    if not isinstance(given.value, ast.Name):
        return False
    uses = [n for n in body.of(ast.Name) if n.id == given.value.id and n is not given.value]
    holders = (ast.Call, ast.keyword, ast.Assign, ast.AnnAssign, ast.Dict, ast.List, ast.Tuple)
    return any(isinstance(use.ctx, ast.Load) and isinstance(body.parent(use), holders) for use in uses)
