"""How is a name written, whatever it means?"""

from __future__ import annotations

import ast


def last_name(expr: ast.AST | None) -> str:
    """The last word of a name: `get` of `get`, `session.get` and `self.session().get`; "" of what is no name."""
    return expr.attr if isinstance(expr, ast.Attribute) else expr.id if isinstance(expr, ast.Name) else ""


def is_depends(call: ast.Call) -> bool:
    """Whether a call is written `Depends(...)` or `Security(...)`."""
    return last_name(call.func) in ("Depends", "Security")


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    """The value of a keyword argument."""
    return next((k.value for k in call.keywords if k.arg == name), None)


def targets_of(node: ast.AST) -> list[ast.expr]:
    """What an assignment gives a value to, annotated or not; nothing for what is none."""
    return (
        node.targets
        if isinstance(node, ast.Assign)
        else [node.target]
        if isinstance(node, ast.AnnAssign)
        else []
    )
