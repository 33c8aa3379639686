"""Does what a caller passes keep it away from a line of the function that it calls?

`if session is None: ... open one and commit`, `organization = organization or await find(...)`: a caller that passes
the session or the organization never comes there; nor does one that passes `totals=False` come to what stands behind
`if totals:`. Read from the two functions when a finding depends on it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TypeGuard

from strop.project.function import Call, Function
from strop.project.project import Project
from strop.rules.syntax import FunctionNode, function_node


def is_kept_away(project: Project, caller: Function, call: Call, line: int) -> bool:
    """Whether a call passes what a line of the function that it calls is there to make up for, or switches it off."""
    target = project.source.functions.get(call.target)
    called = function_node(project, target) if target is not None else None
    calling = function_node(project, caller)
    if called is None or calling is None:
        return False
    made_up, switched = set(_made_up(called, line)), set(_switched(called, line))
    own = [a.arg for a in (*called.args.posonlyargs, *called.args.args) if a.arg not in ("self", "cls")]
    defaults = dict(_defaults(called))
    for each in _calls(calling, call) if made_up or switched else ():
        given = dict(_given(each, own))
        if any(not _is_off(given[name]) for name in made_up & set(given)):
            return True
        every = defaults | given
        if any(_is_off(every[name]) for name in switched & set(every)):
            return True
    return False


def _calls(node: FunctionNode, call: Call) -> Iterator[ast.Call]:
    end = call.span.end_line or call.span.line
    for each in ast.walk(node):
        if isinstance(each, ast.Call) and (each.lineno, each.end_lineno) == (call.span.line, end):
            yield each


def _given(call: ast.Call, own: Sequence[str]) -> Iterator[tuple[str, ast.expr]]:
    """The parameters that a call gives something, with it."""
    yield from zip(own, call.args, strict=False)
    yield from ((k.arg, k.value) for k in call.keywords if k.arg)


def _defaults(node: FunctionNode) -> Iterator[tuple[str, ast.expr]]:
    """What parameters stand for that a call leaves out."""
    plain = [*node.args.posonlyargs, *node.args.args]
    for argument, value in zip(plain[::-1], node.args.defaults[::-1], strict=False):
        yield argument.arg, value
    for argument, default in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True):
        if default is not None:
            yield argument.arg, default


def _is_off(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value in (None, False)


def _switched(node: FunctionNode, line: int) -> Iterator[str]:
    """The parameters that are true where a line is come to: `if totals:`."""
    for each in ast.walk(node):
        if isinstance(each, ast.If) and _holds(each.body, line):
            parts = each.test.values if _is_both(each.test) else [each.test]
            yield from set().union(*map(_present, parts))


def _is_both(test: ast.expr) -> TypeGuard[ast.BoolOp]:
    return isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And)


def _made_up(node: FunctionNode, line: int) -> Iterator[str]:
    """The parameters that are None where a line is come to."""
    names = {a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)}
    for each in ast.walk(node):
        match each:
            case ast.If(test=test, body=body, orelse=orelse):
                if _holds(body, line):
                    yield from names & _absent(test)
                elif _holds(orelse, line):
                    yield from names & _present(test)
            case ast.IfExp(test=test, body=one, orelse=other):
                if _holds([one], line):
                    yield from names & _absent(test)
                elif _holds([other], line):
                    yield from names & _present(test)
            case ast.BoolOp(op=ast.Or(), values=[ast.Name(id=name), *others]) if _holds(others, line):
                yield from names & {name}
    yield from names & _returned_before(node, line)


def _returned_before(node: FunctionNode, line: int) -> set[str]:
    """The parameters with which the function has returned before: `if session is not None: return ...`."""
    return {
        name
        for statement in node.body
        if isinstance(statement, ast.If) and (statement.end_lineno or 0) < line
        if isinstance(statement.body[-1], ast.Return | ast.Raise)
        for name in _present(statement.test)
    }


def _holds(part: Sequence[ast.stmt] | Sequence[ast.expr], line: int) -> bool:
    return bool(part) and part[0].lineno <= line <= (part[-1].end_lineno or part[-1].lineno)


def _absent(test: ast.expr) -> set[str]:
    """The names that are None, or empty, where a test holds."""
    match test:
        case ast.BoolOp(op=ast.And(), values=parts):
            return set().union(*map(_absent, parts))
        case ast.Compare(left=ast.Name(id=name), ops=[ast.Is()], comparators=[ast.Constant(value=None)]):
            return {name}
        case ast.UnaryOp(op=ast.Not(), operand=ast.Name(id=name)):
            return {name}
    return set()


def _present(test: ast.expr) -> set[str]:
    """The names that are None, or empty, where a test doesn't hold."""
    match test:
        case ast.BoolOp(values=parts):
            return set().union(*map(_present, parts))
        case ast.Compare(left=ast.Name(id=name), ops=[ast.IsNot()], comparators=[ast.Constant(value=None)]):
            return {name}
        case ast.Name(id=name):
            return {name}
    return set()
