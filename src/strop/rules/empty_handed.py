"""Does only who brings no credentials come to a line? Where each that is asked for has an answer of its own before."""

from __future__ import annotations

import ast

from strop.project.body import Body
from strop.project.spelling import last_name
from strop.rules.secretive import is_secret


def is_empty_handed(body: Body, node: ast.AST) -> bool:
    """Whether a statement stands behind `if token: return verify(token)`, and is followed by a refusal."""
    block: list[ast.stmt] = getattr(body.node, "body", [])
    place = next((n for n, each in enumerate(block) if isinstance(each, ast.Expr) and each.value is node), -1)
    if place < 0 or place + 1 == len(block):
        return False
    return isinstance(block[place + 1], ast.Raise) and any(map(_answers_credential, block[:place]))


def _answers_credential(statement: ast.stmt) -> bool:
    """`if token:` with a block that always leaves."""
    match statement:
        case ast.If(test=ast.Name() | ast.Attribute() as asked, body=block):
            return is_secret(last_name(asked)) and _leaves(block)
    return False


def _leaves(block: list[ast.stmt]) -> bool:
    """Whether every way through a block ends with an answer or an exception."""
    match block[-1] if block else None:
        case ast.Return() | ast.Raise():
            return True
        case ast.Try(body=tried, handlers=handlers, orelse=orelse):
            return (_leaves(tried) or _leaves(orelse)) and all(_leaves(each.body) for each in handlers)
        case ast.If(body=yes, orelse=no):
            return _leaves(yes) and _leaves(no)
    return False
