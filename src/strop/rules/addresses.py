"""Can a password be in the address of a database, as a text shows it?"""

from __future__ import annotations

import ast

from strop.project.body import Body
from strop.project.spelling import last_name

_URL = ("sqlalchemy.engine.url.URL", "sqlalchemy.engine.URL", "sqlalchemy.URL")


def is_without_password(body: Body, expr: ast.expr) -> bool:
    """Whether everything that an expression may stand for is rendered without the password, or has no place for one."""
    if not isinstance(expr, ast.Name):
        return _hides(body, expr)
    found = body.bindings(expr)
    return bool(found) and all(
        b.how == "value" and b.index < 0 and b.expr is not None and _hides(body, b.expr) for b in found
    )


def _hides(body: Body, expr: ast.expr) -> bool:
    match expr:
        case ast.Call(func=ast.Attribute(attr="render_as_string"), args=args, keywords=keywords):
            given = [*args, *(k.value for k in keywords if k.arg == "hide_password")]
            return not any(isinstance(g, ast.Constant) and g.value is False for g in given)
        case ast.Call(func=ast.Name(id="str" | "repr"), args=[inner]):
            return _is_url(body, inner)  # SQLAlchemy's own text of an address has *** there
        case ast.Constant(value=str(text)):
            return "@" not in text
        case ast.JoinedStr(values=[ast.Constant(value=str(start)), *_] as values):
            texts = [v.value for v in values if isinstance(v, ast.Constant)]
            return start.startswith("sqlite") or ("://" in start and not any("@" in str(t) for t in texts))
    return False


def _is_url(body: Body, expr: ast.expr) -> bool:
    """An object of SQLAlchemy: by its type, or made by `make_url`, or an engine's `url`."""
    if body.instance(expr) in _URL:
        return True
    value = body.value(expr)
    if isinstance(value, ast.Call):
        return last_name(value.func) == "make_url"
    return isinstance(value, ast.Attribute) and value.attr == "url" and "engine" in body.text(value).lower()
