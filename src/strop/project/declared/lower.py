"""What does an expression say, as a term: constants, names, calls, and what can be told of the rest?"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import Any

from strop.project.declared.terms import (
    Apply,
    Binary,
    Dot,
    Each,
    Either,
    Expr,
    Ident,
    Index,
    Items,
    Joined,
    Lambda,
    Lit,
    Opaque,
    Pairs,
    Parameter,
    Slice,
    Spread,
    Test,
)
from strop.project.spelling import last_name
from strop.tree import expression_tree

_LARGEST = 300  # elements of a list or dict that is kept


def lower(node: ast.expr) -> Expr:
    """An expression as a term."""
    make = _EXPRESSIONS.get(type(node))
    return make(node) if make is not None else Opaque(_text(node))


def annotation(node: ast.expr) -> Expr:
    """An annotation as a term, its quoted parts parsed."""
    match node:
        case ast.Constant(value=str(text)):
            try:
                return annotation(expression_tree(text.strip()))
            except (SyntaxError, ValueError):
                return Opaque(text)
        case ast.Subscript(value=value, slice=ast.Tuple(elts=[first, *rest])) if (
            last_name(value) == "Annotated"
        ):
            return Index(lower(value), Items("tuple", (annotation(first), *map(lower, rest))))
        case ast.Subscript(value=value) if last_name(value) == "Literal":
            return lower(node)
        case ast.Subscript(value=value, slice=index):
            return Index(lower(value), annotation(index))
        case ast.Tuple(elts=elements):
            return Items("tuple", tuple(map(annotation, elements)))
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            return Binary("|", annotation(left), annotation(right))
    return lower(node)


def _text(node: ast.expr) -> str:
    text = ast.unparse(node)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _constant(node: ast.Constant) -> Expr:
    value = node.value
    return Lit(value) if value is None or isinstance(value, str | int | float) else Opaque(repr(value)[:80])


def _call(node: ast.Call) -> Expr:
    return Apply(
        lower(node.func),
        tuple(map(lower, node.args)),
        tuple((k.arg or "**", lower(k.value)) for k in node.keywords),
        node.lineno,
        node.end_lineno or node.lineno,
    )


def _joined(node: ast.JoinedStr) -> Expr:
    parts = (p.value if isinstance(p, ast.FormattedValue) else p for p in node.values)
    return Joined(tuple(map(lower, parts)))


def _binary(node: ast.BinOp) -> Expr:
    op = _OPERATORS.get(type(node.op))
    return Binary(op, lower(node.left), lower(node.right)) if op else Opaque(_text(node))


def _boolean(node: ast.BoolOp) -> Expr:
    values = tuple(map(lower, node.values))
    if isinstance(node.op, ast.Or):
        return Either(values)
    first, *more = values
    for each in more:
        first = Binary("and", first, each)
    return first


def _compare(node: ast.Compare) -> Expr:
    op = _COMPARISONS.get(type(node.ops[0]))
    if op is None or len(node.ops) > 1:
        return Opaque(_text(node))
    return Binary(op, lower(node.left), lower(node.comparators[0]))


def _slice(node: ast.Slice) -> Expr:
    if node.step is not None:
        return Opaque("slice")
    low, high = (lower(each) if each is not None else None for each in (node.lower, node.upper))
    return Slice(low, high)


def _negative(node: ast.UnaryOp) -> Expr:
    match node:
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            return Lit(-value)
    return Opaque(_text(node))


def _several(node: ast.List | ast.Tuple | ast.Set) -> Expr:
    if len(node.elts) > _LARGEST:
        return Opaque(f"{len(node.elts)} elements")
    return Items(type(node).__name__.lower(), tuple(map(lower, node.elts)))


def _dict(node: ast.Dict) -> Expr:
    if len(node.keys) > _LARGEST:
        return Opaque(f"{len(node.keys)} elements")
    keys = (lower(key) if key is not None else None for key in node.keys)
    return Pairs(tuple(zip(keys, map(lower, node.values), strict=True)))


def _each(node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> Expr:
    first, *more = node.generators
    return Opaque(_text(node)) if more else Each(lower(node.elt), lower(first.target), lower(first.iter))


def _each_pair(node: ast.DictComp) -> Expr:
    first, *more = node.generators
    if more:
        return Opaque(_text(node))
    return Each(lower(node.key), lower(first.target), lower(first.iter), lower(node.value))


def _lambda(node: ast.Lambda) -> Expr:
    return Lambda(tuple(parameters(node.args)), lower(node.body), node.lineno)


def _subscript(node: ast.Subscript) -> Expr:
    if last_name(node.value) in ("Annotated", "Optional", "Union"):
        return annotation(node)
    return Index(lower(node.value), lower(node.slice))


def test(node: ast.expr) -> Test | None:
    """The condition of a branch, as far as it can be decided; None for one that can't."""
    match node:
        case ast.BoolOp(op=ast.And(), values=[first, *_]) if test(first) is not None:
            return Test("true", lower(node))
        case ast.Compare(left=left, ops=[ast.Is()], comparators=[ast.Constant(value=None)]):
            return Test("none", lower(left))
        case ast.Compare(left=left, ops=[ast.IsNot()], comparators=[ast.Constant(value=None)]):
            return Test("some", lower(left))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return Test("false", lower(operand))
        case ast.Name() | ast.Attribute() | ast.Call() | ast.Subscript() | ast.Compare(ops=[_]):
            return Test("true", lower(node))
    return None


def parameters(args: ast.arguments) -> Iterator[Parameter]:
    """The parameters of a definition, in the order in which arguments bind to them."""
    plain = [*args.posonlyargs, *args.args]
    defaults: list[ast.expr | None] = [None] * (len(plain) - len(args.defaults))
    defaults += args.defaults
    for arg, default in zip(plain, defaults, strict=True):
        yield _parameter(arg, "plain", default)
    if args.vararg is not None:
        yield _parameter(args.vararg, "args", None)
    for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        yield _parameter(arg, "only", default)
    if args.kwarg is not None:
        yield _parameter(args.kwarg, "kwargs", None)


def _parameter(arg: ast.arg, kind: str, default: ast.expr | None) -> Parameter:
    given = annotation(arg.annotation) if arg.annotation is not None else None
    return Parameter(arg.arg, kind, given, lower(default) if default is not None else None, arg.lineno)


_COMPARISONS: dict[type, str] = {ast.Eq: "==", ast.NotEq: "!=", ast.In: "in", ast.NotIn: "not in"}
_COMPARISONS |= {ast.Gt: ">", ast.Lt: "<", ast.GtE: ">=", ast.LtE: "<="}
_UNDECIDED = Test("true", Opaque("a test"))
_OPERATORS: dict[type, str] = {ast.Add: "+", ast.BitOr: "|", ast.Mod: "%", ast.Div: "/"}
_EXPRESSIONS: dict[type, Callable[[Any], Expr]] = {
    ast.Constant: _constant,
    ast.Name: lambda node: Ident(node.id),
    ast.Attribute: lambda node: Dot(lower(node.value), node.attr),
    ast.Call: _call,
    ast.Starred: lambda node: Spread(lower(node.value)),
    ast.Subscript: _subscript,
    ast.List: _several,
    ast.Tuple: _several,
    ast.Set: _several,
    ast.Dict: _dict,
    ast.JoinedStr: _joined,
    ast.BinOp: _binary,
    ast.BoolOp: _boolean,
    ast.Compare: _compare,
    ast.Slice: _slice,
    ast.UnaryOp: _negative,
    ast.IfExp: lambda node: Either((lower(node.body), lower(node.orelse)), test(node.test) or _UNDECIDED),
    ast.NamedExpr: lambda node: lower(node.value),
    ast.Await: lambda node: lower(node.value),
    ast.ListComp: _each,
    ast.SetComp: _each,
    ast.GeneratorExp: _each,
    ast.DictComp: _each_pair,
    ast.Lambda: _lambda,
}
