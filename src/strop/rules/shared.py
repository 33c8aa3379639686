"""Which functions change an object that the whole process shares? Two threads would do it at once."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.project.body import Body
from strop.project.mark import Mark

KIND = "shared"


def changes(body: Body, rule: str) -> Iterator[Mark]:
    """A mark for each attribute that is set on an object of a module: `app.token = ...`."""
    for statement in body.of(ast.Assign):
        for target in statement.targets:
            if isinstance(target, ast.Attribute) and _is_of_module(body, target.value):
                yield body.mark(rule, statement, kind=KIND, what=body.text(target))


def _is_of_module(body: Body, owner: ast.expr) -> bool:
    """Whether an expression is an object that a module keeps; classes, modules and local names are none."""
    if not isinstance(owner, ast.Name):
        return False
    found = body.bindings(owner)
    kept = bool(found) and all(b.scope.kind == "module" and b.how in ("value", "import") for b in found)
    ref = body.ref(owner)
    return kept and (ref is None or ref.kind == "instance")
