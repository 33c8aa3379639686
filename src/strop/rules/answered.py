"""Does any request come to a line? Not behind a question that FastAPI has answered with 422 before the handler runs."""

from __future__ import annotations

import ast

from strop.project.body import Body
from strop.rules.endpoint import endpoint

# types of which no value that a client means is false: a zero is no number of a row
_NEVER_EMPTY = frozenset({"int", "uuid.UUID", "datetime.datetime", "datetime.date"})


def is_answered(body: Body, node: ast.AST) -> bool:
    """Whether a node stands behind `if not x:`, where x is a number, a UUID or a time that the route demands."""
    return any(_asks_for_given(body, test) for test in body.conditions(node))


def _asks_for_given(body: Body, test: ast.expr) -> bool:
    match test:
        case ast.BoolOp(op=ast.Or(), values=values):
            return all(_asks_for_given(body, value) for value in values)
        case ast.BoolOp(op=ast.And(), values=values):
            return any(_asks_for_given(body, value) for value in values)
        case ast.UnaryOp(op=ast.Not(), operand=ast.Name() as name):
            return _is_demanded(body, name)
        case ast.Compare(left=ast.Name() as name, ops=[ast.Is()], comparators=[ast.Constant(value=None)]):
            return _is_demanded(body, name)
    return False


def _is_demanded(body: Body, name: ast.Name) -> bool:
    """Whether a name is a required parameter of the route, and nothing else is assigned to it."""
    route = endpoint(body)
    found = next((a for a in route.arguments() if a.name == name.id), None) if route is not None else None
    if (
        found is None
        or found.type not in _NEVER_EMPTY
        or found.default is not None
        or len(body.bindings(name)) != 1
    ):
        return False
    return found.source in ("path", "query", "header", "cookie", "form")
