"""Is a branch for None never come to, because what stands before it has already used the value?"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.project.body import Body
from strop.project.walk import walk

_SIMPLE = (ast.Expr, ast.Assign, ast.AnnAssign, ast.AugAssign)
_PERHAPS = (ast.Lambda, ast.IfExp, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def is_ruled_out(body: Body, node: ast.AST) -> bool:
    """Whether a node stands below `if x is None:`, and a statement before that has read an attribute of the same `x`."""
    inside: ast.AST = node
    for around in body.around(node):
        match around:
            case ast.If(
                test=ast.Compare(
                    left=ast.Name(id=name), ops=[ast.Is()], comparators=[ast.Constant(value=None)]
                )
            ) if inside in around.body and _is_used(name, _before(body, around)):
                return True
        inside = around
    return False


def _before(body: Body, node: ast.stmt) -> list[ast.stmt]:
    """The statements of the same block before this one, the nearest first."""
    block = getattr(body.parent(node), "body", [])
    return block[: block.index(node)][::-1] if isinstance(block, list) and node in block else []


def _is_used(name: str, before: list[ast.stmt]) -> bool:
    """Whether an attribute of a name is read in one of these statements, and none nearer gives it another value."""
    for statement in before:
        if any(
            isinstance(n, ast.Name) and n.id == name and not isinstance(n.ctx, ast.Load)
            for n in walk(statement)
        ):
            return False
        if isinstance(statement, _SIMPLE) and any(_reads(name, n) for n in _certain(statement)):
            return True
    return False


def _reads(name: str, node: ast.AST) -> bool:
    match node:
        case ast.Attribute(value=ast.Name(id=found), attr=attr, ctx=ast.Load()):
            return found == name and not attr.startswith("__")  # None has those too
    return False


def _certain(node: ast.AST) -> Iterator[ast.AST]:
    """A node and all below it that is worked out whenever it is."""
    yield node
    if isinstance(node, _PERHAPS):
        return
    below = node.values[:1] if isinstance(node, ast.BoolOp) else ast.iter_child_nodes(node)
    for each in below:
        yield from _certain(each)
