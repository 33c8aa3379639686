"""With which kinds of status does the application answer an exception that nobody catches: "4" or "5"?"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.answers import response_status, responses
from strop.rules.code import function_id

_KIND = "answers all"


def answering(body: Body, rule: str) -> Iterator[Mark]:
    """A mark for each answer of a function that is given an exception of any kind."""
    node = body.node
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) or not node.args.args:
        return
    given = node.args.args[-1].annotation
    if isinstance(given, ast.Name) and given.id == "Exception":
        for call in responses(body):
            yield body.mark(rule, call, kind=_KIND, status=response_status(body, call))


def answers_of_all(project: Project, rule: str) -> set[str]:
    """The first digits of its statuses; 5 where nothing is set for all exceptions."""
    set_for_all = {
        function_id(handler.name, handler.span)
        for handler in project.imported.handlers
        if handler.span is not None and handler.handles.rpartition(":")[2].rpartition(".")[2] == "Exception"
    }
    found = [m for m in project.source.marks.get(rule, ()) if m.fact("kind") == _KIND]
    said = {m.fact("status")[:1] or "0" for m in found if m.function in set_for_all}
    return said or {"5"}
