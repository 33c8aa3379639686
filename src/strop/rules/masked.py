"""Which details of HTTP errors does the application replace before a client reads them?

An application may answer every `HTTPException` itself: `if exc.status_code == 500: detail = "Something went wrong"`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.code import function_id
from strop.rules.rule import Rule

KIND = "masks"


def masks(body: Body, rule: str) -> Iterator[Mark]:
    """A mark for a function that answers HTTP errors and puts a text of its own in the place of their details."""
    node = body.node
    args = node.args.args if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else []
    given = next(
        (a for a in args if a.annotation is not None and body.text(a.annotation).endswith("HTTPException")),
        None,
    )
    if given is None or not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return
    if not any(_is_of(each, given.arg, "detail") for each in body.of(ast.Attribute)):
        yield body.mark(rule, node, kind=KIND, first=0, last=599)
        return
    for first, last in _replaced(body, given.arg):
        yield body.mark(rule, node, kind=KIND, first=first, last=last)


def _replaced(body: Body, name: str) -> Iterator[tuple[int, int]]:
    """The ranges of statuses whose branch sets or returns something that is not the detail."""
    kept = {
        target.id: found
        for each in body.of(ast.Assign)
        for target in each.targets
        if isinstance(target, ast.Name) and (found := _statuses(each.value, name))
    }
    for branch in body.of(ast.If):
        test = branch.test
        found = kept.get(test.id) if isinstance(test, ast.Name) else _statuses(test, name)
        if found and any(_is_own(statement, name) for statement in branch.body):
            yield found
    for choice in body.of(ast.IfExp):
        found = (
            kept.get(choice.test.id) if isinstance(choice.test, ast.Name) else _statuses(choice.test, name)
        )
        if found and not _mentions(choice.body, name) and _mentions(choice.orelse, name):
            yield found


def _statuses(test: ast.expr, name: str) -> tuple[int, int] | None:
    """The statuses that a comparison lets pass: `exc.status_code >= 500`."""
    match test:
        case ast.Compare(left=left, ops=[op], comparators=[ast.Constant(value=int() as status)]):
            if _is_of(left, name, "status_code"):
                match op:
                    case ast.Eq():
                        return status, status
                    case ast.GtE():
                        return status, 599
                    case ast.Gt():
                        return status + 1, 599
    return None


def _is_own(statement: ast.stmt, name: str) -> bool:
    value = statement.value if isinstance(statement, ast.Assign | ast.Return) else None
    return value is not None and not _mentions(value, name)


def _mentions(value: ast.expr, name: str) -> bool:
    return any(_is_of(each, name, "detail") for each in ast.walk(value))


def _is_of(node: ast.AST, name: str, attr: str) -> bool:
    match node:
        case ast.Attribute(value=ast.Name(id=owner), attr=found):
            return owner == name and found == attr
    return False


def masked_statuses(project: Project, rule: Rule) -> frozenset[int]:
    """The statuses whose details no client reads, by the handlers that the application has for HTTP errors."""
    answering = {
        function_id(h.name, h.span)
        for h in project.imported.handlers
        if h.span is not None and h.handles.rpartition(":")[2].rpartition(".")[2] == "HTTPException"
    }
    ranges = [
        range(int(mark.fact("first") or 0), int(mark.fact("last")) + 1)
        for mark in project.source.marks.get(rule.code, ())
        if mark.fact("kind") == KIND and mark.function in answering
    ]
    return frozenset(status for each in ranges for status in each)
