"""Has a model's own validator already refused what a question below asks for?"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from strop.project.body import Body
from strop.project.spelling import last_name
from strop.project.walk import walk

_VALIDATORS = frozenset({"field_validator", "validator"})
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def is_validated(body: Body, node: ast.AST) -> bool:
    """Whether a node stands behind `if not PATTERN.match(order.mail):`, which a validator of `mail` has asked before."""
    return any(_has_asked(body, test) for test in body.conditions(node))


def _has_asked(body: Body, test: ast.expr) -> bool:
    for part in walk(test):
        if isinstance(part, ast.Name | ast.Attribute):
            field = body.value(part)
            if isinstance(field, ast.Attribute) and _blank(test, ast.unparse(part)) in _asked(body, field):
                return True
    return False


def _blank(test: ast.expr, name: str) -> str:
    """A test without the name of what it asks for."""
    return re.sub(rf"(?<![\w.]){re.escape(name)}(?!\w)", "_", ast.unparse(test))


def _asked(body: Body, field: ast.Attribute) -> Iterator[str]:
    """The tests that end with an exception in the validators of a model's field."""
    owner = body.instance(field.value)
    if not (owner and any(base.startswith("pydantic") for base in body.bases(owner))):
        return
    for found, _ in body.types.members.lineage(owner).classes:
        for method in found.node.body:
            if isinstance(method, _Function) and _validates(method, field.attr) and len(method.args.args) > 1:
                name = method.args.args[1].arg
                yield from (_blank(test, name) for test in _refused(method))


def _validates(method: _Function, field: str) -> bool:
    calls = (d for d in method.decorator_list if isinstance(d, ast.Call) and last_name(d.func) in _VALIDATORS)
    return any(isinstance(a, ast.Constant) and a.value == field for call in calls for a in call.args)


def _refused(method: _Function) -> Iterator[ast.expr]:
    for statement in method.body:
        if isinstance(statement, ast.If) and isinstance(statement.body[-1], ast.Raise):
            yield statement.test
