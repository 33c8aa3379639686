"""What was a name assigned that another module of the project brings here?"""

from __future__ import annotations

import ast

from strop.project.body import Body
from strop.project.scope import Binding

_FURTHEST = 5  # modules that hand a name on


def assigned_elsewhere(body: Body, name: ast.Name | ast.Attribute) -> ast.expr | None:
    """The value that an imported name (`Current`, `dependencies.Current`) has where it was assigned once; None for others."""
    found = _found(body, name)
    for _ in range(_FURTHEST):
        if len(found) != 1:
            return None
        if found[0].how == "value":
            return found[0].expr if found[0].index < 0 else None
        if found[0].how != "import":
            return None
        found = _member(body, found[0].target)
    return None


def _found(body: Body, name: ast.Name | ast.Attribute) -> list[Binding]:
    if isinstance(name, ast.Name):
        return body.bindings(name)
    module = body.ref(name.value)
    if module is None or module.kind != "module":
        return []
    return _member(body, f"{module.name}.{name.attr}")


def _member(body: Body, dotted: str) -> list[Binding]:
    """What the module of a dotted name calls by its last part."""
    home, rest = body.types.names.split(dotted)
    if home.kind != "module" or len(rest) != 1:
        return []
    return body.types.names.member(home.name, rest[0])[0]
