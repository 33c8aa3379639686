"""Does an answer have an exception's own text in it? And of which kind: its root's alone, or the whole traceback?"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from strop.project.body import Body
from strop.regex import regex
from strop.rules.caught import walked

_DEBUG = regex(r"debug|develop|\bdev\b|local|expose|verbose|environment|\benv\b", re.I)


def lies_in(node: ast.AST, handler: ast.ExceptHandler) -> bool:
    """Whether a node stands within a handler."""
    line = getattr(node, "lineno", 0)
    return handler.lineno <= line <= (handler.end_lineno or handler.lineno)


def is_narrowed(body: Body, place: ast.AST, handler: ast.ExceptHandler) -> bool:
    """Whether the place is reached only for some exceptions: `if isinstance(e, X)`, `if "not found" in str(e)`."""
    inside = place
    for node in body.around(place):
        if node is handler:
            return False
        if isinstance(node, ast.If) and inside in node.body and _asks(node.test, handler.name or ""):
            return True
        inside = node
    return False


def _asks(test: ast.expr, name: str) -> bool:
    return any(isinstance(node, ast.Name) and node.id == name for node in ast.walk(test))


def tells(body: Body, content: ast.expr, handler: ast.ExceptHandler) -> bool:
    """Whether the content has the exception's own text, written there or one name away."""
    if any(
        isinstance(a, ast.If | ast.IfExp) and _DEBUG.search(body.text(a.test))
        for a in _choices(body, content)
    ):
        return False
    parts: list[ast.AST] = [content]
    parts += [
        body.value(n)
        for n in ast.walk(content)
        if isinstance(n, ast.Name) and lies_in(body.value(n), handler)
    ]
    name = handler.name or ""
    return any(is_text(body, node, name) for part in parts for node in _always(part, name))


def _always(content: ast.AST, name: str) -> Iterator[ast.AST]:
    """The nodes of a content, without what is given only for some exceptions."""
    yield content
    asked = isinstance(content, ast.IfExp) and _asks(content.test, name)
    for child in ast.iter_child_nodes(content):
        if not (asked and isinstance(content, ast.IfExp) and child is content.body):
            yield from _always(child, name)


def _choices(body: Body, content: ast.expr) -> Iterator[ast.AST]:
    """The branches that decide about a content, around it and in it."""
    yield from body.around(content)
    for node in ast.walk(content):
        yield node
        if isinstance(node, ast.Name):
            yield body.value(node)


def is_text(body: Body, node: ast.AST, name: str) -> bool:
    """Whether an expression is the text of the exception of this name, or of the one that is handled."""
    match node:
        case ast.Call(func=ast.Name(id="str" | "repr"), args=[ast.Name(id=given)]):
            return given == name
        case ast.FormattedValue(value=ast.Name(id=given)):
            return given == name
        case ast.Attribute(value=ast.Name(id=given), attr="args" | "orig" | "stderr" | "stdout"):
            return given == name
        case ast.BinOp(op=ast.Mod(), right=ast.Name(id=given)):
            return given == name
        case ast.Call(func=ast.Attribute(attr="format"), args=args):
            return any(isinstance(a, ast.Name) and a.id == name for a in args)
        case ast.Call(func=ast.Attribute() | ast.Name() as func):
            return body.name(func) in ("traceback.format_exc", "traceback.format_exception")
    return False


def is_root(body: Body, content: ast.expr, handler: ast.ExceptHandler) -> bool:
    """Whether it is what the database itself said, `e.orig` or `e.__cause__`: the statement and its values are left out."""
    name = handler.name or ""
    stored = any(
        isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Store)
        for n in walked(handler.body)
    )
    texts = [body.text(n) for n in ast.walk(content) if isinstance(n, ast.Attribute)]
    return stored or any(text.startswith((f"{name}.orig", f"{name}.__cause__")) for text in texts)


def is_trace(body: Body, content: ast.expr, handler: ast.ExceptHandler) -> bool:
    """Whether the traceback goes out: the files and lines of the service, whatever was tried."""
    parts = [content, *(body.value(n) for n in ast.walk(content) if isinstance(n, ast.Name))]
    inside = (n for p in parts if p is content or lies_in(p, handler) for n in ast.walk(p))
    return any(isinstance(n, ast.Call) and body.name(n.func).startswith("traceback.format") for n in inside)
