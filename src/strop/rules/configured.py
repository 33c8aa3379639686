"""Is a value what the whole program is configured with, and nobody's row: an attribute of a module, of settings, the environment?"""

from __future__ import annotations

import ast
import re

from strop.project.body import Body
from strop.project.spelling import last_name
from strop.regex import regex

_SETTINGS = regex(r"(^|_)(settings?|config|configuration|conf|env|environ)$", re.IGNORECASE)
_SOMEBODY = regex(r"user|account|member|person|customer|owner|(^|_)g$", re.IGNORECASE)


def is_configured(body: Body, expr: ast.expr) -> bool:
    """Whether there is one such value for all who call; what is looked up in something is somebody's."""
    root = body.value(expr)
    parts: list[str] = []
    while isinstance(root, ast.Attribute | ast.Subscript):
        if isinstance(root, ast.Subscript) and body.name(root.value) != "os.environ":
            return False
        if _is_settings(body, root.value):
            return True
        parts.append(last_name(root))
        root = root.value
    if isinstance(root, ast.Call) and body.name(root.func) in ("os.getenv", "os.environ.get"):
        return True
    parts.append(last_name(root.func if isinstance(root, ast.Call) else root))
    if any(map(_SOMEBODY.search, parts)):
        return False
    return any(map(_SETTINGS.search, parts)) or (isinstance(root, ast.Name) and _is_global(body, root))


def _is_settings(body: Body, value: ast.expr) -> bool:
    return any(base.endswith("BaseSettings") for base in body.bases(body.instance(value)))


def _is_global(body: Body, name: ast.Name) -> bool:
    found = body.bindings(name)
    return bool(found) and all(b.how == "import" or b.scope.kind == "module" for b in found)
