"""What is the value of an expression in a revision, as far as the file says it?

A value that only a run knows is the text UNKNOWN: so a text of known and unknown parts comes out by itself. Lists are
lists, names of tables and columns are texts.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any

from strop.regex import regex

UNKNOWN = "\0"
DIALECT = UNKNOWN + "dialect"  # of the database: not SQLite's, on which nobody serves tables that grow
_WIDTH = regex(r"%[^%a-zA-Z]*[\d*]")  # a number decides how much text it makes
Names = dict[str, Any]  # what a name stands for
Call = Callable[[ast.Call, Names], Any]

_MOST = 500  # elements that a loop is followed through
_LONGEST = 100_000  # characters or elements of a value


def short(value: str | list[Any]) -> Any:
    """A value that grows no further: in a loop it would without end."""
    return value if len(value) <= _LONGEST else UNKNOWN


def is_known(value: Any) -> bool:
    """Whether nothing of a value is left to the run."""
    if isinstance(value, str):
        return UNKNOWN not in value
    if isinstance(value, list | tuple):
        return all(map(is_known, value))
    return True


def evaluate(expr: ast.expr, names: Names, call: Call) -> Any:
    """The value of an expression; `call` says what a call gives."""

    def value(each: ast.expr) -> Any:
        return evaluate(each, names, call)

    match expr:
        case ast.Constant(value=given):
            return given
        case ast.Name(id=name):
            return names.get(name, UNKNOWN)
        case ast.Attribute(value=ast.Attribute(attr="dialect") | ast.Name(id="dialect"), attr="name"):
            return DIALECT
        case ast.JoinedStr(values=parts):
            return short(
                "".join(_text(value(p.value if isinstance(p, ast.FormattedValue) else p)) for p in parts)
            )
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            return list(_elements(parts, value))
        case ast.Dict(keys=keys, values=values):
            pairs = [(value(k), value(v)) for k, v in zip(keys, values, strict=True) if k is not None]
            return {k: v for k, v in pairs if isinstance(k, str | int)}
        case ast.Call():
            return call(expr, names)
        case ast.BinOp(left=left, op=op, right=right):
            return _joined(value(left), op, value(right))
        case ast.Subscript(value=base, slice=index):
            return _item(value(base), value(index))
        case ast.IfExp(test=test, body=body, orelse=orelse):
            return _either(holds(test, names, call), lambda: value(body), lambda: value(orelse))
        case ast.BoolOp(op=ast.Or(), values=[first, *_]) if (
            isinstance(given := value(first), str | list) and given
        ):
            return given
        case ast.BoolOp() | ast.Compare() | ast.UnaryOp(op=ast.Not()):
            told = holds(expr, names, call)
            return UNKNOWN if told is None else told
        case ast.ListComp() | ast.GeneratorExp() | ast.SetComp():
            return [evaluate(expr.elt, each, call) for each in _bound(expr.generators, names, call)]
        case ast.DictComp():
            each_names = _bound(expr.generators, names, call)
            made = [(evaluate(expr.key, n, call), evaluate(expr.value, n, call)) for n in each_names]
            return {k: v for k, v in made if isinstance(k, str | int)}
    return UNKNOWN


def holds(test: ast.expr, names: Names, call: Call) -> bool | None:
    """Whether a condition holds; None when only a run can tell."""
    match test:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            told = holds(operand, names, call)
            return None if told is None else not told
        case ast.BoolOp(op=op, values=parts):
            each = [holds(part, names, call) for part in parts]
            decides = isinstance(op, ast.Or)
            return decides if decides in each else None if None in each else not decides
        case ast.Compare(left=left, ops=[op], comparators=[right]):
            return _compared(evaluate(left, names, call), op, evaluate(right, names, call))
        case ast.Compare():
            return None
        case ast.Call() | ast.Name() | ast.Constant() | ast.Subscript() | ast.List() | ast.Dict():
            value = evaluate(test, names, call)
            return bool(value) if is_known(value) else None
    return None


def bind(target: ast.expr, value: Any, names: Names) -> None:
    """Give the names of a target their values."""
    match target:
        case ast.Name(id=name):
            names[name] = value
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            fits = isinstance(value, list | tuple) and len(value) == len(parts)
            for part, each in zip(parts, value if fits else [UNKNOWN] * len(parts), strict=True):
                bind(part, each, names)


def elements(value: Any) -> list[Any]:
    """What a loop goes through; an unknown element where that is not known."""
    if isinstance(value, dict):
        return list(value)
    return value[:_MOST] if isinstance(value, list) else [UNKNOWN]


def _elements(parts: list[ast.expr], value: Callable[[ast.expr], Any]) -> Iterator[Any]:
    for part in parts:
        if isinstance(part, ast.Starred):
            yield from elements(value(part.value))
        else:
            yield value(part)


def _bound(generators: list[ast.comprehension], names: Names, call: Call) -> list[Names]:
    """The names of each round of a comprehension."""
    rounds = [names]
    for generator in generators:
        following = []
        for outer in rounds:
            for element in elements(evaluate(generator.iter, outer, call)):
                inner = dict(outer)
                bind(generator.target, element, inner)
                if all(holds(test, inner, call) is not False for test in generator.ifs):
                    following.append(inner)
        rounds = following[:_MOST]
    return rounds


def _text(value: Any) -> str:
    return str(value) if isinstance(value, str | int) else UNKNOWN


def _joined(left: Any, op: ast.operator, right: Any) -> Any:
    match op, left, right:
        case ast.Add(), str(), str():
            return short(left + right)
        case ast.Add(), list(), list():
            return short(left + right)
        case ast.Mod(), str(), _ if not _WIDTH.search(left):
            given = (
                right if isinstance(right, dict) else tuple(right) if isinstance(right, list) else (right,)
            )
            try:
                return short(left % given)
            except (TypeError, ValueError, KeyError):
                return UNKNOWN
    return UNKNOWN


def _item(base: Any, index: Any) -> Any:
    match base, index:
        case dict(), str() | int():
            return base.get(index, UNKNOWN)
        case list(), int() if -len(base) <= index < len(base):
            return base[index]
    return UNKNOWN


def _either(told: bool | None, first: Callable[[], Any], second: Callable[[], Any]) -> Any:
    if told is not None:
        return first() if told else second()
    return UNKNOWN


def _compared(left: Any, op: ast.cmpop, right: Any) -> bool | None:
    if left == DIALECT and right in ("sqlite", ["sqlite"]):
        return isinstance(op, ast.NotEq | ast.NotIn)
    if not (is_known(left) and is_known(right)):
        return None
    match op:
        case ast.Eq() | ast.Is():
            return bool(left == right)
        case ast.NotEq() | ast.IsNot():
            return bool(left != right)
        case ast.In() | ast.NotIn() if isinstance(right, list | dict):
            return (left in right) is isinstance(op, ast.In)
    return None
