"""Which keys of structlog's events does the project mask before they are written?

A processor is given (logger, method name, event): one that is configured for all loggers may put stars in the place of values by
their keys, `logger.info("...", token=token)` among them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.scope import Scope

WORDS = ("event_dict", "EventDict", "configure")
_MASKS = "event-masks"
_CONFIGURES = "event-processors"
_DEEPEST = 3  # names that stand for one another: a set made of others


def processors(body: Body, code: str) -> Iterator[Mark]:
    """A mark for a processor that masks by keys, and one for what is configured for all loggers."""
    keys = _masked_here(body)
    if keys:
        yield body.mark(code, body.node, kind=_MASKS, keys=",".join(sorted(keys)))
    for call in body.calls("configure"):
        if body.name(call.func) == "structlog.configure":
            yield body.mark(code, call, kind=_CONFIGURES, given=",".join(sorted(_functions(body))))


def masked_keys(project: Project, code: str) -> set[str]:
    """The keys that configured processors mask, in small letters."""
    marks = project.source.marks.get(code, ())
    given = {g for m in marks if m.fact("kind") == _CONFIGURES for g in m.fact("given").split(",")}
    found = (m for m in marks if m.fact("kind") == _MASKS and m.function in given)
    return {key for mark in found for key in mark.fact("keys").split(",")}


def key_of(call: ast.Call, part: ast.expr) -> str:
    """The key under which a log call hands over a value as it is; "" for what goes into a text."""
    return next((k.arg or "" for k in call.keywords if k.value is part), "")


def _functions(body: Body) -> set[str]:
    """The ids of the project's functions that are named here."""
    names: list[ast.Name | ast.Attribute] = [*body.of(ast.Name), *body.of(ast.Attribute)]
    refs = [ref for name in names if (ref := body.ref(name)) is not None and ref.kind == "function"]
    known = (body.types.found.functions.get(ref.name) for ref in refs)
    return {function.id for function in known if function is not None}


def _masked_here(body: Body) -> set[str]:
    """The texts that a processor compares an event's keys with, where it then sets what stands under the key."""
    node = body.node
    given = node.args.args if isinstance(node, ast.FunctionDef) else []
    if len(given) < 3 or not _sets_by_test(body, given[-1].arg):
        return set()
    places: list[tuple[ast.AST, Scope]] = [(node, body.scope)]
    for call in body.of(ast.Call):
        ref = body.ref(call.func)
        called = (
            body.types.found.functions.get(ref.name) if ref is not None and ref.kind == "function" else None
        )
        if called is not None and body.within(call, ast.If) is not None:
            places.append((called.node, called.scope))
    return {key.lower() for place, scope in places for key in _listed(body, place, scope)}


def _sets_by_test(body: Body, event: str) -> bool:
    """`if ...: event[key] = "***"`, with a key that is no text of the code."""
    for assigned in body.of(ast.Assign):
        match assigned.targets:
            case [ast.Subscript(value=ast.Name(id=name), slice=ast.Name())] if name == event:
                if body.within(assigned, ast.If) is not None and not isinstance(assigned.value, ast.Call):
                    return True
    return False


def _listed(body: Body, place: ast.AST, scope: Scope) -> Iterator[str]:
    """The texts of the sets in which membership is asked."""
    for each in ast.walk(place):
        match each:
            case ast.Compare(ops=[ast.In()], comparators=[held]):
                yield from _texts(body, held, scope, _DEEPEST)


def _texts(body: Body, held: ast.expr, scope: Scope, depth: int) -> Iterator[str]:
    match held:
        case ast.Constant(value=str() as text):
            yield text
        case ast.Set(elts=parts) | ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Call(args=parts):
            for part in parts:
                yield from _texts(body, part, scope, depth)
        case ast.BinOp(left=left, op=ast.BitOr() | ast.Add(), right=right):
            yield from _texts(body, left, scope, depth)
            yield from _texts(body, right, scope, depth)
        case ast.Name() if depth:
            bindings, _ = body.types.names.visible(scope, held.id, held.lineno)
            for binding in bindings if len(bindings) == 1 else ():
                value = binding.default if binding.how == "annotation" else binding.expr
                if value is not None:
                    yield from _texts(body, value, binding.scope, depth - 1)
