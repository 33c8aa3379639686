"""How many turns does a loop have at most, by the slice that it goes over?"""

from __future__ import annotations

import ast
import math

from strop.project.body import Body


def most_turns(body: Body, over: ast.expr) -> float:
    """The number in `rows[:5]`, also behind a name or as the default of a parameter; infinite where none is told."""
    value = body.value(over)
    match value:
        case ast.Subscript(slice=ast.Slice(lower=None, upper=ast.expr() as upper, step=None)):
            limit = _default(body, upper)
            return limit if isinstance(limit, int) and limit >= 0 else math.inf
    return math.inf


def _default(body: Body, upper: ast.expr) -> object:
    if not isinstance(upper, ast.Name):
        return body.constant(upper)
    found = body.bindings(upper)
    if len(found) == 1 and found[0].how == "annotation" and found[0].default is not None:
        return found[0].default.value if isinstance(found[0].default, ast.Constant) else None
    return body.constant(upper)
