"""What is a call of a logger, and which values does it show?"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.project.body import Body

METHODS = (
    "debug",
    "info",
    "warning",
    "warn",
    "error",
    "exception",
    "critical",
    "log",
    "notice",
    "trace",
    "success",
)


def kind_of(body: Body, call: ast.Call) -> str:
    """ "print", "log" or "" by what is called."""
    match call.func:
        case ast.Name(id="print"):
            return "print"
        case ast.Attribute(value=owner):
            name = (
                owner.attr
                if isinstance(owner, ast.Attribute)
                else owner.id
                if isinstance(owner, ast.Name)
                else ""
            )
            if isinstance(owner, ast.Call):  # logger.bind(...).info(...)
                return "log" if "log" in body.text(owner.func).lower() else ""
            return "log" if "log" in name.lower() else ""
    return ""


def shown(expr: ast.expr) -> Iterator[ast.expr]:
    """The values whose text an argument shows."""
    match expr:
        case ast.JoinedStr(values=values):
            for value in values:
                if isinstance(value, ast.FormattedValue) and not _is_number(value):
                    yield from shown(value.value)
        case ast.BinOp(op=ast.Mod() | ast.Add(), left=left, right=right):
            yield from shown(left)
            yield from shown(right)
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            for element in elements:
                yield from shown(element)
        case ast.Dict(values=values):
            for value in values:
                yield from shown(value)
        case ast.Call(func=ast.Name(id="str" | "repr" | "dict"), args=[inner]):
            yield from shown(inner)
        case ast.Call(func=ast.Attribute(value=ast.Constant(), attr="format"), args=args):
            for argument in args:
                yield from shown(argument)
        case ast.Await(value=inner):
            yield inner
        case _:
            yield expr


def _is_number(shown: ast.FormattedValue) -> bool:
    """Whether it is formatted as only numbers can be: `{seconds:.2f}`."""
    spec = shown.format_spec
    last = spec.values[-1] if isinstance(spec, ast.JoinedStr) and spec.values else None
    return isinstance(last, ast.Constant) and str(last.value)[-1:] in tuple("bcdeEfFgGnoxX%")
