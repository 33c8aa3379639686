"""Does any code that runs read a module's name? What only functions read that nothing speaks of meets nobody."""

from __future__ import annotations

import ast
import re

from strop.project.function import Function
from strop.project.project import Project
from strop.rules.code import function_at
from strop.rules.syntax import module
from strop.span import Span


def is_read(project: Project, name: str) -> bool:
    """Whether a name is read by a module, or by a function that a route leads to or some text speaks of."""
    word = re.compile(rf"\b{re.escape(name)}\b")
    files = [file for file in project.source.modules.values() if word.search(_text(project, file))]
    readers: dict[str, Function] = {}
    for file in files:
        tree = module(project, file)
        for node in ast.walk(tree) if tree is not None else ():
            if not _reads(node, name):
                continue
            function = function_at(project, Span(file, getattr(node, "lineno", 0)))
            if function is None:
                return True
            readers[function.id] = function
    return any(_is_alive(project, function) for function in readers.values())


def _reads(node: ast.AST, name: str) -> bool:
    match node:
        case ast.Name(id=found, ctx=ast.Load()) | ast.Attribute(attr=found, ctx=ast.Load()):
            return found == name
    return False


def _is_alive(project: Project, function: Function) -> bool:
    """Whether a function is run by a route or at the start, is decorated, or is named anywhere besides its definition."""
    if (
        project.reaches.get(function.id)
        or function.decorators
        or project.source.functions.callers(function.id)
    ):
        return True
    word = re.compile(rf"\b{re.escape(function.id.rpartition(':')[2].rpartition('.')[2])}\b")
    said = sum(len(word.findall(_text(project, file))) for file in project.source.modules.values())
    return said > 1


def _text(project: Project, file: str) -> str:
    try:
        return project.path(file).read_text(errors="replace")
    except OSError:
        return ""
