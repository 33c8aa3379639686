"""Which name, of which module, does an expression mean?"""

from __future__ import annotations

import ast

from strop.project.body import Body


def dotted(body: Body, expr: ast.expr) -> str:
    """The dotted name of a variable: of its module where it is the module's, else of this function; "" if unknown."""
    if not isinstance(expr, ast.Name):
        return ""
    bindings = body.bindings(expr)
    if bindings and bindings[0].how == "import":
        return bindings[0].target
    if bindings and all(b.scope.kind == "module" for b in bindings):
        return f"{body.module.name}.{expr.id}"
    return f"{body.id}.{expr.id}"
