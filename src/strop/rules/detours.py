"""Which lines does a usual request not come to, or not wait in? Those for what has failed, isn't there yet, or is there already."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.spelling import last_name
from strop.rules.rounds import fills_unknown
from strop.rules.stretches import Stretches

_ERRORS = frozenset({"error", "exception", "critical", "fatal"})
WORDS = (
    frozenset(
        {
            "empty",
            "done",
            "except",
            "exists",
            "isfile",
            "is_file",
            "isdir",
            "is_dir",
            "in",
            "not",
            "None",
            "return",
        }
    )
    | _ERRORS
)
KIND = "detour"
_PRESENT = frozenset({"exists", "isfile", "is_file", "isdir", "is_dir"})
_EMPTY = "empty"  # of a queue: what is taken where it isn't is there
_DONE = "done"  # of a future
_LEAVES = (ast.Return, ast.Continue, ast.Break)


def detours(body: Body, rule: str) -> Iterator[Mark]:
    """A mark for each block with a call that a usual request does not come to."""
    for block in _blocks(body):
        if any(isinstance(node, ast.Call) for statement in block for node in ast.walk(statement)):
            yield body.mark(rule, block[0], kind=KIND, last=block[-1].end_lineno)


def _blocks(body: Body) -> Iterator[list[ast.stmt]]:
    for handler in body.of(ast.ExceptHandler):
        yield handler.body
    for branch in body.of(ast.If):
        test = branch.test
        if (
            _is_filled_once(branch)
            or _is_absent(test)
            or _is_ready(test)
            or _is_unknown(body, branch)
            or _is_failure(branch.body)
        ):
            yield branch.body
        elif _is_present(test) or _is_done_once(body, branch):
            yield from _otherwise(body, branch)


def _is_filled_once(branch: ast.If) -> bool:
    """`if key not in known: known[key] = find(key)`."""
    asks = isinstance(branch.test, ast.Compare) and isinstance(branch.test.ops[0], ast.NotIn)
    return asks and fills_unknown(branch.test, branch.body)


def _is_failure(block: list[ast.stmt]) -> bool:
    """Whether a block says in the log that something is wrong: what it does besides is about that."""
    calls = (each.value for each in block if isinstance(each, ast.Expr) and isinstance(each.value, ast.Call))
    told = (c.func for c in calls if isinstance(c.func, ast.Attribute) and c.func.attr in _ERRORS)
    return any("log" in last_name(each.value).lower() for each in told)


def _is_unknown(body: Body, branch: ast.If) -> bool:
    """`if not row: row = await fetch()`, where the row was looked up before: what is known is not fetched."""
    parts = branch.test.values if isinstance(branch.test, ast.BoolOp) else [branch.test]
    for part in (
        parts if not isinstance(branch.test, ast.BoolOp) or isinstance(branch.test.op, ast.And) else ()
    ):
        name = missing(part)
        before = [b.expr for b in body.scope.names.get(name, ()) if b.how == "value" and b.expr is not None]
        inside = [e for e in before if branch.lineno <= e.lineno <= (branch.end_lineno or branch.lineno)]
        looked = [e for e in before if e not in inside and e.lineno < branch.lineno]
        if inside and any(map(_is_lookup, looked)):
            return True
    return False


def _is_lookup(expr: ast.expr) -> bool:
    """Whether a value was asked for: the result of a method, awaited or not."""
    called = expr.value if isinstance(expr, ast.Await) else expr
    return isinstance(called, ast.Call) and isinstance(called.func, ast.Attribute | ast.Name)


def missing(test: ast.expr) -> str:
    """The name that a test finds empty: `not row`, `row is None`."""
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=ast.Name(id=name)):
            return name
        case ast.Compare(left=ast.Name(id=name), ops=[ast.Is()], comparators=[ast.Constant(value=None)]):
            return name
    return ""


def _is_done_once(body: Body, branch: ast.If) -> bool:
    """`if self._ready: return`, and further down `self._ready = True`; or `if self._kept: return self._kept`: what
    follows is done once.
    """
    leaves = branch.body[-1]
    if not isinstance(leaves, ast.Return) or branch.orelse or body.parent(branch) is not body.node:
        return False
    asked = {
        ast.unparse(part) for part in map(_asked, _parts(branch.test)) if isinstance(part, ast.Attribute)
    }
    if isinstance(leaves.value, ast.Attribute) and ast.unparse(leaves.value) in asked:
        return True
    set_later = (a for a in body.of(ast.Assign) if a.lineno > branch.lineno)
    return any(ast.unparse(target) in asked for a in set_later for target in a.targets)


def _parts(test: ast.expr) -> list[ast.expr]:
    """What must all be so."""
    return test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) else [test]


def _asked(part: ast.expr) -> ast.expr:
    """What a test wants to be there: `kept`, `kept is not None`."""
    compared = isinstance(part, ast.Compare) and isinstance(part.ops[0], ast.IsNot)
    return part.left if compared and isinstance(part, ast.Compare) else part


def _otherwise(body: Body, branch: ast.If) -> Iterator[list[ast.stmt]]:
    """What is done where the file is not there: the `else`, or what follows when the branch leaves."""
    if isinstance(branch.body[-1], ast.Raise):
        return  # it must not be there: what follows is the usual way
    if branch.orelse:
        yield branch.orelse
    elif isinstance(branch.body[-1], _LEAVES):
        around = getattr(body.parent(branch), "body", None)
        after = around[around.index(branch) + 1 :] if isinstance(around, list) and branch in around else []
        if after:
            yield after


def _is_absent(test: ast.expr) -> bool:
    """`not path.exists()`, alone or with more to ask."""
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            return _is_present(inner)
        case ast.BoolOp(op=ast.And(), values=parts):
            return any(map(_is_absent, parts))
    return False


def _is_ready(test: ast.expr) -> bool:
    """`not queue.empty()`, `future.done()`: what is asked for then is there."""
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=ast.Call(func=ast.Attribute(attr=name))):
            return name == _EMPTY
        case ast.Call(func=ast.Attribute(attr=name)):
            return name == _DONE
    return False


def _is_present(test: ast.expr) -> bool:
    return isinstance(test, ast.Call) and last_name(test.func) in _PRESENT


class Detours(Stretches):
    """The detours of one project, by file."""

    def __init__(self, project: Project, rule: str) -> None:
        super().__init__(project, rule, KIND)
