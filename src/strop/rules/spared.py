"""Does a function ask only for some of what a loop hands it? Then there are fewer round trips than turns.

It hands back what needs no question (`if not order.is_shared: return order`), or asks for what a caller may
leave out (`if customer is None: customer = find(...)`), and the loop gives it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise

from strop.project.function import Function
from strop.project.project import Project
from strop.project.spelling import last_name
from strop.rules.code import function_at
from strop.rules.syntax import FunctionNode, function_node
from strop.span import Step


def is_spared(project: Project, steps: tuple[Step, ...]) -> bool:
    """Whether a function on the way from a loop to its question most often doesn't come to it."""
    return any(_is_spared_at(project, call, asked) for call, asked in pairwise(steps))


def _is_spared_at(project: Project, call: Step, asked: Step) -> bool:
    caller, called = function_at(project, call.span), function_at(project, asked.span)
    if caller is None or called is None:
        return False
    node, line = function_node(project, called), asked.span.line
    if node is None:
        return False
    return _hands_back(node, line) or bool(_left_out(node, line) & set(_given(project, caller, call, node)))


def _hands_back(node: FunctionNode, line: int) -> bool:
    """Whether an argument is given back as it is, by what one of its attributes says, before the line."""
    own = {arg.arg for arg in _parameters(node)}
    for each in node.body:
        match each:
            case ast.If(test=test, body=[*_, ast.Return(value=ast.Name(id=name))]) if each.lineno < line:
                if name in own and name in _asked_of(test):
                    return True
    return False


def _asked_of(test: ast.expr) -> set[str]:
    """The names whose attributes a test looks at."""
    parts = (n.value for n in ast.walk(test) if isinstance(n, ast.Attribute))
    return {part.id for part in parts if isinstance(part, ast.Name)}


def _left_out(node: FunctionNode, line: int) -> set[str]:
    """The parameters that are None where the line is come to."""
    tests = [n.test for n in ast.walk(node) if isinstance(n, ast.If) and _holds(n.body, line)]
    missing = {name for test in tests for name in _missing(test)}
    for each in ast.walk(node):
        match each:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Name(id=source)) if (
                name in missing and each.lineno < line
            ):
                missing.add(source)
    return missing & {arg.arg for arg in _parameters(node)}


def _holds(block: list[ast.stmt], line: int) -> bool:
    return block[0].lineno <= line <= (block[-1].end_lineno or block[-1].lineno)


def _missing(test: ast.expr) -> Iterator[str]:
    match test:
        case ast.BoolOp(op=ast.And(), values=parts):
            for part in parts:
                yield from _missing(part)
        case ast.Compare(left=ast.Name(id=name), ops=[ast.Is()], comparators=[ast.Constant(value=None)]):
            yield name


def _given(project: Project, caller: Function, step: Step, called: FunctionNode) -> Iterator[str]:
    """The parameters that a call gives a value of the caller's own, which is no parameter handed on."""
    node = function_node(project, caller)
    for call in ast.walk(node) if node is not None else ():
        if not isinstance(call, ast.Call) or call.lineno != step.span.line:
            continue
        if last_name(call.func) == called.name:
            for keyword in call.keywords:
                if keyword.arg and _is_own(keyword.value, caller):
                    yield keyword.arg


def _is_own(value: ast.expr, caller: Function) -> bool:
    inner = value
    while isinstance(inner, ast.Attribute | ast.Subscript):
        inner = inner.value
    handed_on = inner is value and isinstance(value, ast.Name) and value.id in caller.parameters
    return not (handed_on or isinstance(value, ast.Constant))


def _parameters(node: FunctionNode) -> list[ast.arg]:
    return [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
