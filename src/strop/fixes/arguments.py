"""Adding an argument to a call, in the call's own layout."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import libcst as cst

from strop.fixes.code import Code
from strop.fixes.splice import Splice

Item = cst.Arg | cst.BaseElement | cst.BaseDictElement
STEP = "    "


def keyword(call: cst.Call, name: str) -> cst.Arg | None:
    """The keyword argument of this name."""
    return next((a for a in call.args if a.keyword is not None and a.keyword.value == name), None)


def positional(call: cst.Call, index: int) -> cst.BaseExpression | None:
    """The plain positional argument at an index."""
    plain = [a for a in call.args if a.keyword is None]
    if len(plain) <= index or any(a.star for a in plain[: index + 1]):
        return None
    return plain[index].value


def append(code: Code, call: cst.Call, text: str) -> tuple[Splice, ...]:
    """Insert `text` as the call's last argument; the call is broken up where its line gets too long."""
    return _append(code, call, call.args, text)


def append_element(code: Code, holder: cst.List | cst.Tuple | cst.Dict, text: str) -> tuple[Splice, ...]:
    """Insert `text` as the last element of a display."""
    return _append(code, holder, holder.elements, text)


def _append(code: Code, holder: cst.CSTNode, items: Sequence[Item], text: str) -> tuple[Splice, ...]:
    close = code.end(holder) - 1
    if not items:
        return (Splice(close, close, text),)
    last, comma = items[-1], items[-1].comma
    end = code.end(last)
    if isinstance(comma, cst.Comma):
        return (_after_comma(code, last, code.start(comma) + 1, text),)
    if _width(code, end) + len(text) + 2 <= code.limit or b"#" in code.data[code.start(holder) : close]:
        return (Splice(end, end, f", {text}"),)
    return _broken(code, holder, items, text)


def _after_comma(code: Code, last: cst.CSTNode, end: int, text: str) -> Splice:
    rest = code.data[end : code.line_end(end)].decode().strip()
    if code.begins_line(last) and (not rest or rest.startswith("#")):
        end = code.line_end(end)
        return Splice(end, end, f"{code.newline}{code.indent_at(code.start(last))}{text},")
    return Splice(end, end, f" {text},")


def _broken(code: Code, holder: cst.CSTNode, items: Sequence[Item], text: str) -> tuple[Splice, ...]:
    """All items on a line of their own, or each on one, as formatters do."""
    first, last, close = items[0], items[-1], code.end(holder) - 1
    if code.line(holder) != code.line(first):  # hangs already, and its line is full
        return _one_a_line(code, items, code.indent_at(code.start(first)), text)
    if code.line(holder) != code.line_at(close):
        return (Splice(code.end(last), code.end(last), f", {text}"),)
    outer = _outermost(code, holder)
    if outer is not None:
        return (*hang(code, outer), Splice(code.end(last), code.end(last), f", {text}"))
    indent = code.indent_at(code.start(holder))
    inner = code.newline + indent + STEP
    body = code.data[code.start(first) : code.end(last)].decode()
    opened, end = Splice(_open(code, first), code.start(first), inner), code.end(last)
    if len(indent) + len(STEP) + len(body) + 2 + len(text) <= code.limit:
        return (opened, Splice(end, close, f", {text}{code.newline}{indent}"))
    one_a_line = _one_a_line(code, items, indent + STEP, text)
    return (opened, *one_a_line[:-1], Splice(end, close, f"{one_a_line[-1].text}{code.newline}{indent}"))


def _outermost(code: Code, holder: cst.CSTNode) -> cst.Call | None:
    """The call around this one whose bracket closes last on the line: the one that formatters break."""
    found: cst.Call | None = None
    for up in code.ancestors(holder):
        if isinstance(up, cst.BaseSmallStatement):
            return found
        if isinstance(up, cst.Call) and code.data[code.end(holder) : code.end(up)].strip(b") ") == b"":
            found = up
    return found


def hang(code: Code, call: cst.Call) -> tuple[Splice, Splice]:
    """Put the arguments of a call on a line of their own."""
    start, end = code.start(call.args[0]), code.end(call.args[-1])
    indent = code.indent_at(code.start(call))
    opened = Splice(_open(code, call.args[0]), start, code.newline + indent + STEP)
    return opened, Splice(end, code.end(call) - 1, code.newline + indent)


def _one_a_line(code: Code, items: Sequence[Item], indent: str, text: str) -> tuple[Splice, ...]:
    gap = f",{code.newline}{indent}"
    between = [Splice(code.end(a), code.start(b), gap) for a, b in pairwise(items)]
    end = code.end(items[-1])
    return (*between, Splice(end, end, f"{gap}{text},"))


def _open(code: Code, first: cst.CSTNode) -> int:
    """The byte after the bracket before the first item."""
    at = code.start(first)
    while code.data[at - 1 : at].isspace():
        at -= 1
    return at


def _width(code: Code, offset: int) -> int:
    start = code.line_start(offset)
    return len(code.data[start : code.line_end(start)].decode())
