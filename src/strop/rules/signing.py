"""Which settings sign or verify what the service hands out? Followed to where they are read."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache

from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.regex import regex
from strop.rules.auth.default_secret import is_key

_KIND = "signs"
_SIGNS = regex(
    r"jwt|jws|jwe|jose|token|sign(er|ed|ature|_|$)|serializer|SessionMiddleware|cookie|csrf|hmac|fernet|oauth|encrypt|decrypt",
    re.IGNORECASE,
)


@cache
def _is_named_key(name: str) -> bool:
    return is_key(name)


def note_signing(body: Body, rule: str) -> Iterator[Mark]:
    """A mark for each setting that goes to something that signs, or is set as another's key."""
    if not any(map(_is_named_key, body.words)):
        return
    for call in body.of(ast.Call):
        given = [*call.args, *(k.value for k in call.keywords)]
        if _SIGNS.search(_said(body, call)):
            yield from (
                body.mark(rule, call, kind=_KIND, name=name) for g in given for name in _keys(body, g)
            )
    for node in body.of(ast.Assign):
        target = node.targets[0]
        named = target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "")
        if body.kind == "class" and _SIGNS.search(named):
            yield from (body.mark(rule, node, kind=_KIND, name=name) for name in _keys(body, node.value))


def signing_settings(project: Project, rule: str) -> frozenset[str]:
    """The names of all of them."""
    found = project.source.marks.get(rule, ())
    return frozenset(mark.fact("name") for mark in found if mark.fact("kind") == _KIND)


def _said(body: Body, call: ast.Call) -> str:
    """What is called, by name, with the class that is handed over beside the key: add_middleware(SessionMiddleware, ...)."""
    first = call.args[0] if call.args and isinstance(call.args[0], ast.Name) else None
    beside = first.id if first is not None and first.id[:1].isupper() and not first.id.isupper() else ""
    return f"{body.text(call.func)} {body.name(call.func)} {beside}"


def _keys(body: Body, expr: ast.expr) -> Iterator[str]:
    """The names of keys in an expression, and in what its own name stands for."""
    for start in {id(e): e for e in (expr, body.value(expr))}.values():
        yield from filter(_is_named_key, _names(start))


def _names(expr: ast.expr) -> Iterator[str]:
    """The names whose value an expression is, as a whole or changed by a method: settings.KEY.get_secret_value()."""
    match expr:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            yield name
        case ast.Call(func=ast.Attribute(value=owner)):
            yield from _names(owner)
        case ast.Call(func=ast.Name(id="str" | "bytes"), args=[given, *_]):
            yield from _names(given)
        case ast.BoolOp(values=values):
            for value in values:
                yield from _names(value)
