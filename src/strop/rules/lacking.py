"""Which required parameter does a call of the project's function leave out? Then it raises TypeError before anything runs."""

from __future__ import annotations

import ast

from strop.project.body import Body
from strop.project.scope import FunctionNode


def lacking(body: Body, call: ast.Call) -> str:
    """The first required parameter that is not given; "" where all are, or where it can't be told."""
    ref = body.ref(call.func)
    found = body.types.found.functions.get(ref.name) if ref is not None and ref.kind == "function" else None
    if found is None or any(isinstance(a, ast.Starred) for a in call.args):
        return ""
    named = {k.arg for k in call.keywords}
    if None in named:
        return ""
    args = found.definition.args
    places = [*args.posonlyargs, *args.args]
    required = places[: len(places) - len(args.defaults)]
    first = len(call.args) + _bound(body, call, found)
    missing = [a.arg for a in required[first:] if a.arg not in named]
    missing += [
        a.arg
        for a, default in zip(args.kwonlyargs, args.kw_defaults, strict=True)
        if default is None and a.arg not in named
    ]
    return missing[0] if missing else ""


def _bound(body: Body, call: ast.Call, found: FunctionNode) -> int:
    """How many parameters Python fills: `self` or `cls`; `Class.method(...)` of a plain method fills none."""
    marked = {d.id for d in found.definition.decorator_list if isinstance(d, ast.Name)}
    if found.owner is None or "staticmethod" in marked:
        return 0
    receiver = body.ref(call.func.value) if isinstance(call.func, ast.Attribute) else None
    is_class = receiver is not None and receiver.kind == "class"
    return 0 if is_class and "classmethod" not in marked else 1
