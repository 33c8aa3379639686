"""Is what has the name of a secret only the name of a thing: a marker with a path or an id to fall back on, the key of a record?"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.project.body import Body
from strop.project.mark import Mark
from strop.rules.secretive import words

_KIND = "looked-up"
_NAMES = frozenset({"path", "id", "filename", "file_name"})
_SHAPES = frozenset({"split", "rsplit", "strip", "lower"})


def is_marker(body: Body, call: ast.Call, found: str) -> bool:
    """Whether the name that is written falls back on a path or an id: `token = entry.get("token") or entry["id"]`."""
    name = next((n for n in ast.walk(call) if isinstance(n, ast.Name) and n.id == found), None)
    given = [b.expr for b in body.bindings(name) if b.expr is not None] if name is not None else []
    choices = [part for expr in given for part in _choices(expr)]
    return len(choices) > 1 and any(_says(part) in _NAMES for part in choices)


def _choices(expr: ast.expr) -> Iterator[ast.expr]:
    """What a value may come from, without what only cuts it to shape."""
    match expr:
        case ast.BoolOp(values=values):
            for value in values:
                yield from _choices(value)
        case ast.IfExp(body=one, orelse=other):
            yield from _choices(one)
            yield from _choices(other)
        case ast.Call(func=ast.Name(id="str"), args=[inner]):
            yield from _choices(inner)
        case ast.Call(func=ast.Attribute(attr=attr, value=inner)) if attr in _SHAPES:
            yield from _choices(inner)
        case ast.Subscript(value=inner, slice=ast.UnaryOp() | ast.Constant(value=int())):
            yield from _choices(inner)
        case _:
            yield expr


def _says(expr: ast.expr) -> str:
    """The field that is read: `entry.get("id")`, `entry["id"]`, `entry.id`."""
    match expr:
        case ast.Call(func=ast.Attribute(attr="get"), args=[ast.Constant(value=str(key)), *_]):
            return key
        case ast.Subscript(slice=ast.Constant(value=str(key))):
            return key
        case ast.Attribute(attr=attr):
            return attr
    return ""


def note_looked_up(body: Body, rule: str) -> Iterator[Mark]:
    """Marks for attributes by which the record of their name is found: `Credential.get(self.credential)`."""
    for call in body.calls("get", "get_by_id"):
        match call:
            case ast.Call(func=ast.Attribute(value=owner), args=[ast.Attribute(attr=attr)]):
                # a token is found by itself; a credential by the id of its record
                if words(attr) == ["credential"] and body.name(owner).rpartition(".")[2] == "Credential":
                    yield body.mark(rule, call, kind=_KIND, name=attr)


def is_looked_up(mark: Mark, others: tuple[Mark, ...] | list[Mark]) -> bool:
    """Whether what a line writes is the key of a record in this file."""
    names = {m.fact("name") for m in others if m.fact("kind") == _KIND and m.span.file == mark.span.file}
    _, dot, attr = mark.fact("what").rpartition(".")
    return bool(dot) and attr in names
