"""Adding a method to a chain of calls, in the chain's own layout."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from strop.fixes.arguments import STEP
from strop.fixes.code import Code
from strop.fixes.splice import Splice


def methods(code: Code, base: cst.CSTNode) -> Iterator[cst.Call]:
    """The calls that are made on `base` one after the other: `.where(...)`, then `.limit(...)`."""
    node = base
    while True:
        attribute = code.parent(node)
        if not isinstance(attribute, cst.Attribute) or attribute.value is not node:
            return
        call = code.parent(attribute)
        if not isinstance(call, cst.Call) or call.func is not attribute:
            return
        yield call
        node = call


def top(code: Code, base: cst.BaseExpression) -> cst.BaseExpression:
    """The whole chain that begins with `base`."""
    return next(iter(reversed(list(methods(code, base)))), base)


def insert_method(code: Code, base: cst.BaseExpression, text: str) -> tuple[Splice, ...]:
    """Insert `.method(...)` right after `base`; a line that gets too long is broken as formatters do."""
    at, calls = _behind(code, base), list(methods(code, base))
    if calls and code.line_at(at) != code.line_at(_dot(code, calls[0])):
        gap = code.newline + code.indent_at(_dot(code, calls[0]))
        return (Splice(at, at, gap + text),)
    made = Splice(at, at, text)
    whole = top(code, base)
    line = code.data[code.line_start(at) : code.line_end(at)].decode()
    statement = code.statement(whole)
    if (
        statement is None
        or code.line(statement) != code.last_line(statement)
        or len(line) + len(text) <= code.limit
        or "#" in line
    ):
        return (made,)
    return _broken(code, base, whole, text) or (made,)


def _behind(code: Code, base: cst.CSTNode) -> int:
    """Where a method of `base` goes: behind its own parentheses, too."""
    end = code.end(base)
    for _ in getattr(base, "rpar", ()):
        end = code.data.index(b")", end) + 1
    return end


def _dot(code: Code, call: cst.Call) -> int:
    assert isinstance(call.func, cst.Attribute)
    return code.data.rindex(b".", 0, code.start(call.func.attr))


def _broken(code: Code, base: cst.BaseExpression, whole: cst.BaseExpression, text: str) -> tuple[Splice, ...]:
    edges = _edges(code, whole)
    if edges is None:
        return ()
    before, after = edges
    inner = code.indent_at(code.start(whole)) + STEP
    at = _behind(code, base)
    if after.start == at:  # nothing follows the base
        return before, Splice(at, after.end, text + after.text)
    if len(inner) + len(code.source(whole)) + len(text) <= code.limit:
        return before, Splice(at, at, text), after
    gap = code.newline + inner
    dots = [Splice(_dot(code, c), _dot(code, c), gap) for c in methods(code, base)]
    if dots and dots[0].start == at:
        return before, Splice(at, at, gap + text + gap), *dots[1:], after
    return before, Splice(at, at, gap + text), *dots, after


def _edges(code: Code, whole: cst.BaseExpression) -> tuple[Splice, Splice] | None:
    """How the chain gets lines of its own: inside the call it is the only argument of, or in parentheses."""
    start, end = code.start(whole), code.end(whole)
    indent = code.indent_at(start)
    opens, closes = code.newline + indent + STEP, code.newline + indent
    holder = code.parent(whole)
    if isinstance(holder, cst.Arg) and holder.keyword is None and not holder.star:
        call = code.parent(holder)
        if isinstance(call, cst.Call) and len(call.args) == 1 and not whole.lpar:
            return Splice(start, start, opens), Splice(end, code.end(call) - 1, closes)
    if isinstance(holder, cst.Assign | cst.AnnAssign | cst.Return) and not whole.lpar:
        return Splice(start, start, "(" + opens), Splice(end, end, closes + ")")
    return None
