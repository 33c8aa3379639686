"""What does `x[...]` give: an element, or a class with its type arguments?"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from strop.project.refs import MAPPINGS, SEQUENCES, UNKNOWN, element, instantiate, join, known, unpacked
from strop.project.scope import Ref, Scope
from strop.project.spelling import is_depends

if TYPE_CHECKING:
    from strop.project.infer import Types

_BUILTIN_NAMES = {
    "List": "list", "Dict": "dict", "Set": "set", "Tuple": "tuple", "FrozenSet": "frozenset",
}  # fmt: skip


def subscripted(types: Types, expr: ast.Subscript, scope: Scope) -> Ref | None:
    """What `x[...]` gives; None when it can't be told."""
    base = types.infer(expr.value, scope)
    if base is None:
        return None
    if base.kind == "instance":
        return _item(types, base, expr)
    if base.kind not in ("name", "class"):
        return None
    return _generic(types, base, expr, scope)


def _item(types: Types, base: Ref, expr: ast.Subscript) -> Ref | None:
    if isinstance(expr.slice, ast.Slice):
        return base
    if base.name == "tuple" and isinstance(expr.slice, ast.Constant) and isinstance(expr.slice.value, int):
        return unpacked(base, expr.slice.value)
    if base.name in MAPPINGS:
        return known(base.args[1]) if len(base.args) > 1 else None
    if base.name in SEQUENCES:
        return element(base)
    name = f"{base.name}.__getitem__"
    shape = types.catalogue.result(name)
    if shape is not None:
        return shape.build(base, lambda: None)
    return types.library.result(name, base, lambda: None) if types.library is not None else None


def _generic(types: Types, base: Ref, expr: ast.Subscript, scope: Scope) -> Ref | None:
    """`list[X]`, `Optional[X]`, `Annotated[X, Depends(f)]`, `Repository[Model]`."""
    parts = expr.slice.elts if isinstance(expr.slice, ast.Tuple) else [expr.slice]
    plain = base.name.rpartition(".")[2]
    if plain == "Annotated":
        return _annotated_parts(types, parts, scope)
    if plain in ("Literal", "Callable"):
        return None
    inner = [types.infer(types.quoted(part), scope) for part in parts]
    if plain in ("Optional", "Union"):
        return join(inner)
    if plain in ("Awaitable", "Coroutine", "ClassVar", "Final", "Required", "Mapped", "Self"):
        return inner[-1]
    if plain in ("type", "Type"):
        return Ref("class", "type", (inner[0],)) if inner[0] else None
    name = _BUILTIN_NAMES.get(plain, base.name) if base.kind == "name" else base.name
    return Ref("class", name, tuple(instantiate(ref) or UNKNOWN for ref in inner))


def _annotated_parts(types: Types, parts: list[ast.expr], scope: Scope) -> Ref | None:
    given = types.infer(types.quoted(parts[0]), scope)
    if given is not None and not (given.kind == "name" and given.name == "typing.Any"):
        return given
    for part in parts[1:]:
        if isinstance(part, ast.Call) and is_depends(part) and part.args:
            given = types.infer(part, scope)
            return None if given is None else Ref("class", given.name, given.args)
    return None
