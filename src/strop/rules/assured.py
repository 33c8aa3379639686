"""Is a branch for a failure never come to, because what is asked returns True or raises?"""

from __future__ import annotations

import ast

from strop.project.body import Body
from strop.project.function import Function
from strop.project.project import Project
from strop.rules.caught import walked
from strop.rules.syntax import function_node


def asked_before(body: Body, raised: ast.AST) -> int:
    """The line of the call whose result bars the way to a raise (`if done: return`, `if not done: raise`), 0 for none."""
    name = _barred_by(body, raised)
    found = body.scope.names.get(name, ()) if name else ()
    values = [b.expr.value if isinstance(b.expr, ast.Await) else b.expr for b in found]
    return values[0].lineno if len(values) == 1 and isinstance(values[0], ast.Call) else 0


def _barred_by(body: Body, raised: ast.AST) -> str:
    match body.parent(raised):
        case ast.If(test=ast.UnaryOp(op=ast.Not(), operand=ast.Name(id=name)), body=block) if raised in block:
            return name
        case ast.AST() as outer:
            for side in ("body", "orelse"):
                inside = getattr(outer, side, None)
                if isinstance(inside, list) and raised in inside[1:]:
                    return _left_by(inside[inside.index(raised) - 1])
    return ""


def _left_by(above: ast.stmt) -> str:
    match above:
        case ast.If(test=ast.Name(id=name), body=[*_, ast.Return()], orelse=[]):
            return name
    return ""


def is_assured(project: Project, function: str, line: int) -> bool:
    """Whether all that a call on this line of a function may come to gives True back, or raises."""
    functions = project.source.functions
    found = functions.get(function) if line else None
    targets = [c.target for c in found.calls if c.span.line == line and c.target] if found is not None else []
    return bool(targets) and all(t in functions and _assures(project, functions[t]) for t in targets)


def _assures(project: Project, function: Function) -> bool:
    """Whether a function gives True back whenever it gives anything back."""
    node = None if function.decorators else function_node(project, function)
    if node is None or not isinstance(node.body[-1], ast.Return | ast.Raise):
        return False  # None may come out at its end
    returned = [n for n in walked(node.body) if isinstance(n, ast.Return)]
    return bool(returned) and all(_is_true(each.value) for each in returned)


def _is_true(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Constant) and value.value is True
