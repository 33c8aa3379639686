"""Which branches of a function does nobody come to, because the function left before under the same condition?

`if not self.ready: return`, and further down `if not self.ready: prepare()`. Only where nothing between can have changed
the answer: no call, nothing awaited, nothing assigned that the condition names.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.project.walk import walk
from strop.regex import regex

_LEAVES = (ast.Return, ast.Raise)
_OTHERS = (ast.Call, ast.Await, ast.Yield, ast.YieldFrom, ast.Delete, ast.NamedExpr)
_READS = (
    ast.Name | ast.Attribute | ast.Subscript | ast.Constant | ast.UnaryOp | ast.Compare | ast.expr_context
    | ast.unaryop | ast.cmpop
)  # fmt: skip
_LOOK_UP = regex(r"\.get\(([^(),]*)\)")


def unreached(statements: list[ast.stmt]) -> list[ast.If]:
    """The `if`s of a function's body whose first branch is never taken."""
    if sum(isinstance(each, ast.If) for each in statements) < 2:
        return []
    return list(_unreached(statements, {}))


def _unreached(statements: list[ast.stmt], before: dict[str, frozenset[str]]) -> Iterator[ast.If]:
    """By what is known to be false: the text of a condition, and the names in it."""
    false = dict(before)
    for statement in statements:
        if not isinstance(statement, ast.If):
            _forget(false, statement)
            continue
        if false and any(map(false.__contains__, map(_text, _parts(statement.test, ast.And)))):
            yield statement
        for branch in (statement.body, statement.orelse):
            yield from _unreached(branch, false)
        if statement.orelse or not isinstance(statement.body[-1], _LEAVES):
            _forget(false, statement)
            continue
        _forget(false, ast.Expr(statement.test))
        for part in _parts(statement.test, ast.Or):
            if text := _text(part):
                false[text] = _names(part)


def _forget(false: dict[str, frozenset[str]], statement: ast.stmt) -> None:
    """Drop what this statement may have changed."""
    nodes = list(walk(statement)) if false else []
    stored = [n for n in nodes if isinstance(getattr(n, "ctx", None), ast.Store | ast.Del)]
    asks = isinstance(statement, ast.Expr)  # the condition of a branch, or nothing that is kept
    if any(isinstance(n, _OTHERS) and not (asks and _is_look_up(n)) for n in nodes) or any(
        not isinstance(n, ast.Name) for n in stored
    ):
        false.clear()
        return
    names = {n.id for n in stored if isinstance(n, ast.Name)}
    for text in [text for text, held in false.items() if held & names]:
        del false[text]


def _parts(test: ast.expr, kind: type[ast.boolop]) -> list[ast.expr]:
    return test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, kind) else [test]


def _is_look_up(node: ast.AST) -> bool:
    """`known.get(key)`: no more is done than to look."""
    match node:
        case ast.Call(func=ast.Attribute(attr="get"), args=[_], keywords=[]):
            return True
    return False


def _names(part: ast.expr) -> frozenset[str]:
    return frozenset(n.id for n in walk(part) if isinstance(n, ast.Name))


def _text(part: ast.expr) -> str:
    """A condition that only reads, `known.get(key)` written as `known[key]`; "" for any other."""
    if all(isinstance(n, _READS) or _is_look_up(n) for n in walk(part)):
        return _LOOK_UP.sub(r"[\1]", ast.unparse(part))
    return ""
