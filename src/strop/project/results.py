"""What does a call give: an instance, what a function returns, what the catalogue says of a library?"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from strop.project.refs import element, instance_of, instantiate, is_generated, join
from strop.project.scope import Ref, Scope
from strop.project.spelling import is_depends

if TYPE_CHECKING:
    from strop.project.infer import Types

_VARIABLES = frozenset({"typing.TypeVar", "typing_extensions.TypeVar"})
_NEW_TYPES = frozenset({"typing.NewType", "typing_extensions.NewType"})
_FIRST = frozenset({"next", "copy.copy", "copy.deepcopy", "functools.partial"})


def called(types: Types, expr: ast.Call, scope: Scope) -> Ref | None:
    """What a call gives; None when it can't be told."""
    if is_depends(expr):
        return _depends(types, expr, scope)
    func = types.infer(expr.func, scope)
    return None if func is None else result(types, func, expr, scope)


def _depends(types: Types, expr: ast.Call, scope: Scope) -> Ref | None:
    given = expr.args or [k.value for k in expr.keywords if k.arg == "dependency"]
    func = types.infer(given[0], scope) if given else None
    if func is None:
        return None
    ref = result(types, func, ast.Call(given[0], [], []), scope)
    return types.members.entered(ref) if is_generated(ref) else ref


def result(types: Types, func: Ref, call: ast.Call, scope: Scope) -> Ref | None:
    """What calling `func` gives."""
    match func.kind:
        case "union":
            return join(result(types, member, call, scope) for member in func.args)
        case "class":
            return _constructed(types, func, call, scope)
        case "function":
            return _returned(types, func, call, scope)
        case "instance":
            return types.members.called(func, call, scope)
        case "name":
            return _library(types, func, call, scope)
    return None


def _constructed(types: Types, func: Ref, call: ast.Call, scope: Scope) -> Ref | None:
    if func.name == "type" and len(call.args) == 1:
        ref = types.infer(call.args[0], scope)
        return Ref("class", ref.name, ref.args) if ref is not None and ref.kind == "instance" else None
    if func.name in ("list", "set", "tuple", "frozenset") and call.args and not func.args:
        inner = element(types.infer(call.args[0], scope))
        return Ref("instance", "list" if func.name == "tuple" else func.name, (inner,) if inner else ())
    return instantiate(func)


def _returned(types: Types, func: Ref, call: ast.Call, scope: Scope) -> Ref | None:
    node = types.found.function(func.name)
    if node is None:
        return None
    return types.members.substitute(types.result_of(node), func.args, node.owner)


def _library(types: Types, func: Ref, call: ast.Call, scope: Scope) -> Ref | None:
    if func.name == "super":
        return _super(scope)
    if func.name in _VARIABLES and call.args and isinstance(call.args[0], ast.Constant):
        return Ref("typevar", str(call.args[0].value))
    if func.name == "typing.cast" and len(call.args) == 2:
        return types.annotation(call.args[0], scope)
    if func.name.endswith(".declarative_base"):
        own = next((k.value for k in call.keywords if k.arg == "cls"), None)
        given = types.infer(own, scope) if own is not None else None
        return given or Ref("name", "sqlalchemy.orm.DeclarativeBase")
    if func.name in _NEW_TYPES and len(call.args) == 2:
        return types.infer(call.args[1], scope)
    if func.name in _FIRST and call.args:
        ref = types.infer(call.args[0], scope)
        return element(ref) if func.name == "next" else ref
    known_result = library_result(types, func.name, func.args[0] if func.args else None, call, scope)
    if known_result is not None:
        return known_result
    last = func.name.rpartition(".")[2]
    return Ref("instance", func.name) if last[:1].isupper() else None


def library_result(
    types: Types, name: str, receiver: Ref | None, call: ast.Call | None, scope: Scope
) -> Ref | None:
    """What the catalogue says a library's function gives, else the library itself."""
    shape = types.catalogue.result(name)

    def argument() -> Ref | None:
        given = call.args[0] if call is not None and call.args else None
        return instance_of(types.infer(given, scope)) if given is not None else None

    if shape is not None:
        return shape.build(receiver, argument)
    return types.library.result(name, receiver, argument) if types.library is not None else None


def _super(scope: Scope) -> Ref | None:
    here: Scope | None = scope
    while here is not None:
        for bindings in here.names.values():
            for binding in bindings:
                if binding.how in ("self", "cls"):
                    return Ref("super", binding.target)
        here = here.parent
    return None
