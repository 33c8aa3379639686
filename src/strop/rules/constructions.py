"""Do all who make an object of a class say what a field is? Then its default is never used."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.project.function import Function
from strop.project.project import Project
from strop.rules.syntax import function_node


def always_given(project: Project, class_id: str, field: str) -> bool:
    """Whether objects of a class (by id) are made in the project, and each time with this field by name."""
    model = project.source.classes.get(class_id)
    made = list(_made(project, model.name)) if model is not None else []
    if not made or _arrives(project, class_id):
        return False
    return all(any(k.arg == field for k in call.keywords) for call in made)


def _made(project: Project, name: str) -> Iterator[ast.Call]:
    """The calls that make an object of a class by its dotted name."""
    for function in project.source.functions.values():
        lines = {c.span.line for c in function.calls if c.name == name}
        if lines:
            yield from _calls(project, function, lines, name.rpartition(".")[2])


def _calls(project: Project, function: Function, lines: set[int], last: str) -> Iterator[ast.Call]:
    node = function_node(project, function)
    for each in ast.walk(node) if node is not None else ():
        if isinstance(each, ast.Call) and each.lineno in lines and _last(each.func) == last:
            yield each


def _last(func: ast.expr) -> str:
    match func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _arrives(project: Project, class_id: str) -> bool:
    """Whether a request brings such objects: FastAPI makes them, of what clients leave out too."""
    models = (p.model for route in project.imported.routes for p in route.parameters if p.model)
    known = project.source.classes
    return any(class_id == model or (model in known and class_id in known[model].bases) for model in models)
