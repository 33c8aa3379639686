"""Which tables does the service never fill, since nobody calls what makes their rows?"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.aside import is_aside
from strop.rules.loading import is_mapped

WORDS = frozenset(
    {"add", "add_all", "append", "insert", "merge", "bulk_save_objects", "bulk_insert_mappings"}
)
_INSERTS = ("insert", "bulk_insert_mappings", "bulk_insert")


def note(body: Body, rule: str) -> Iterator[Mark]:
    """The mapped classes whose rows a function makes."""
    made: set[str] = set()
    for call in body.of(ast.Call):
        made.add(_class(body, call.func))
    for call in body.calls(*_INSERTS):
        made.update(_class(body, argument) for argument in call.args[:1])
    for name in sorted(made - {""}):
        yield body.mark(rule, body.node, makes=name)


def _class(body: Body, expr: ast.expr) -> str:
    ref = body.ref(expr) if isinstance(expr, ast.Name | ast.Attribute) else None
    return ref.name if ref is not None and ref.kind == "class" and is_mapped(body, ref.name) else ""


def unfilled(project: Project, rule: str) -> frozenset[str]:
    """The mapped classes, "shop.models:Order", whose rows only functions make that nothing calls."""
    makers: dict[str, set[str]] = {}
    for mark in project.source.marks.get(rule, ()):
        if mark.fact("makes"):
            makers.setdefault(mark.fact("makes"), set()).add(mark.function)
    dead: dict[str, bool] = {}
    return frozenset(
        table.model
        for table in project.imported.tables
        if (found := makers.get(table.model.replace(":", ".")))
        and all(_is_dead(project, f, dead) for f in found)
    )


def _is_dead(project: Project, id: str, dead: dict[str, bool]) -> bool:
    """Whether nothing that runs leads to a function: no route, no task, no caller but such as itself, no call of its name."""
    if id in dead:
        return dead[id]
    dead[id] = True  # of a circle, until another leads into it
    function = project.source.functions.get(id)
    if function is None or is_aside(function.span.file):
        dead[id] = function is not None
        return dead[id]
    name = id.rpartition(":")[2].rpartition(".")[2]
    functions = project.source.functions
    lives = bool(function.decorators or project.reaches.get(id) or name.startswith("__"))
    lives = lives or functions.mentioned(name)
    callers = dict.fromkeys(caller.id for caller, _ in functions.callers(id) if caller.id != id)
    dead[id] = not lives and all(_is_dead(project, caller, dead) for caller in callers)
    return dead[id]
