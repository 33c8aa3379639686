"""Does a function raise where it found nothing, for what a call gives it, whatever its annotation allows?

`def fetch(id, fail_if_missing=True) -> Item | None` returns None only to who asks for it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.project.body import Body
from strop.project.scope import FunctionNode
from strop.project.switches import conditions

_NOTHING = ("none", "false")  # tests that hold for None


def raises_for_nothing(body: Body, call: ast.Call, function: FunctionNode) -> bool:
    """Whether all that a function may return was asked for None before, and this call makes it raise then."""
    node = function.node
    for place, statement in enumerate(node.body):
        if not isinstance(statement, ast.If) or statement.orelse:
            continue
        for tests in _raising(statement):
            found = {name.id for name, state in tests if state in _NOTHING} - _parameters(node)
            flags = [(name.id, state) for name, state in tests if name.id not in found]
            if len(found) == 1 and all(_is_given(body, call, function, *flag) for flag in flags):
                return _returns_only(node, found.pop(), place)
    return False


def _raising(statement: ast.If) -> Iterator[tuple[tuple[ast.Name, str], ...]]:
    """What has to hold for this `if`, or one that it begins with, to raise; only where all of it can be told."""
    tests = conditions(statement.test)
    parts = statement.test.values if isinstance(statement.test, ast.BoolOp) else [statement.test]
    if not tests or len(tests) != len(parts):
        return
    first = statement.body[0]
    if isinstance(statement.body[-1], ast.Raise) and not _jumps(statement.body[:-1]):
        yield tests
    elif isinstance(first, ast.If):
        yield from ((*tests, *inner) for inner in _raising(first))


def _jumps(statements: list[ast.stmt]) -> bool:
    return any(isinstance(each, ast.Return) for statement in statements for each in ast.walk(statement))


def _parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> set[str]:
    return {a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)}


def _is_given(body: Body, call: ast.Call, function: FunctionNode, name: str, state: str) -> bool:
    """Whether a call gives a parameter a constant, or leaves it at one, for which the test holds."""
    if any(isinstance(a, ast.Starred) for a in call.args) or any(k.arg is None for k in call.keywords):
        return False
    args = function.node.args
    positional = [*args.posonlyargs, *args.args]
    given: dict[str, ast.expr | None] = dict(
        zip((a.arg for a in reversed(positional)), reversed(args.defaults), strict=False)
    )
    given |= zip((a.arg for a in args.kwonlyargs), args.kw_defaults, strict=True)
    bound = function.owner is not None and "staticmethod" not in {
        d.id for d in function.node.decorator_list if isinstance(d, ast.Name)
    }
    given |= zip((a.arg for a in positional[bound:]), call.args, strict=False)
    given |= {k.arg: k.value for k in call.keywords if k.arg}
    value = given.get(name)
    if not isinstance(value, ast.Constant):
        return False
    return bool(value.value) if state == "true" else state == "false" and not value.value


def _returns_only(node: ast.FunctionDef | ast.AsyncFunctionDef, name: str, place: int) -> bool:
    """Whether a function ends with giving this name, and gives nothing else, nor sets it again, beside statement `place`."""
    last = node.body[-1]
    if not (isinstance(last, ast.Return) and isinstance(last.value, ast.Name) and last.value.id == name):
        return False
    before = [part for statement in node.body[:place] for part in ast.walk(statement)]
    after = [part for statement in node.body[place + 1 : -1] for part in ast.walk(statement)]
    stores = any(isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Store) for n in after)
    return not stores and not any(isinstance(each, ast.Return) for each in (*before, *after))
