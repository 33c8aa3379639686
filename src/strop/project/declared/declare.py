"""What does one file declare? Its statements as terms, the bodies of most functions left out."""

from __future__ import annotations

import ast
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from itertools import accumulate
from typing import Any

from strop.project.declared.terms import (
    Apply,
    Binary,
    Bind,
    Branch,
    Bring,
    Class,
    Declarations,
    Do,
    Dot,
    Each,
    Either,
    Expr,
    Function,
    Give,
    Ident,
    Index,
    Items,
    Joined,
    Lambda,
    Lit,
    Loop,
    Note,
    Opaque,
    Pairs,
    Parameter,
    Slice,
    Spread,
    Statement,
    Test,
)
from strop.project.infer import Types
from strop.project.scope import Module
from strop.project.spelling import last_name

_Def = ast.FunctionDef | ast.AsyncFunctionDef
_MAKES = (
    "FastAPI", "APIRouter", "Starlette", "outer", "include_", "add_api", "add_route", "add_websocket",
    "add_middleware", "exception_handler", "on_event", "mount(", "middleware", "api_route",
    "app.", "(app", " app,", " app)", "app =", "app:", "application",
)  # fmt: skip
_GIVES = ("Depends", "Security")  # a function that speaks of them may give a dependency
_OPERATES = re.compile(
    r"@[\w.]+\.(?:get|post|put|patch|delete|head|options|trace|websocket|route|api_route)\("
)
_LARGEST = 300  # elements of a list or dict that is kept
_SHORT = 4  # statements of a function whose body is kept in any case


def declare(types: Types, module: Module) -> Declarations:
    """The declarations of one file; they follow from the file alone."""
    return _Reader(module).read()


class _Reader:
    def __init__(self, module: Module) -> None:
        self.module = module
        text = "\n".join(module.lines)
        makes = [at for word in _MAKES for at in _places(word, text)]
        makes += [match.start() for match in _OPERATES.finditer(text)]
        self.active = bool(makes)
        starts = _line_starts(module.lines)
        self.hits = _lines_of([*makes, *(at for word in _GIVES for at in _places(word, text))], starts)
        self.yields = _lines_of(_places("yield", text), starts)
        self.path: list[str] = []
        self.imported: list[str] = []
        self.inside = 0  # functions around

    def read(self) -> Declarations:
        module = self.module
        body = tuple(self.block(module.tree.body))
        return Declarations(
            module.name, module.file, module.is_package, self.active, body, tuple(self.imported)
        )

    # Statements

    def block(self, body: Iterable[ast.stmt]) -> Iterator[Statement]:
        for node in body:
            read = _STATEMENTS.get(type(node))
            if read is not None:
                yield from read(self, node)

    def assign(self, node: ast.Assign) -> Iterator[Statement]:
        value = lower(node.value)
        for target in node.targets:
            yield Bind(lower(target), value, node.lineno)

    def annotated(self, node: ast.AnnAssign) -> Iterator[Statement]:
        value = lower(node.value) if node.value is not None else None
        if isinstance(node.target, ast.Name):
            yield Note(node.target.id, annotation(node.annotation), value, node.lineno)
        elif value is not None:
            yield Bind(lower(node.target), value, node.lineno)

    def augmented(self, node: ast.AugAssign) -> Iterator[Statement]:
        target = lower(node.target)
        if isinstance(node.op, ast.Add):
            yield Bind(target, Binary("+", target, lower(node.value)), node.lineno)

    def expression(self, node: ast.Expr) -> Iterator[Statement]:
        if not isinstance(node.value, ast.Constant):
            yield Do(lower(node.value), node.lineno)

    def result(self, node: ast.Return) -> Iterator[Statement]:
        if node.value is not None:
            yield Give(lower(node.value))

    def loop(self, node: ast.For | ast.AsyncFor) -> Iterator[Statement]:
        yield Loop(lower(node.target), lower(node.iter), tuple(self.block(node.body)))
        yield from self.block(node.orelse)

    def repeat(self, node: ast.While) -> Iterator[Statement]:
        yield from self.block(node.body)

    def within(self, node: ast.With | ast.AsyncWith) -> Iterator[Statement]:
        for item in node.items:
            if item.optional_vars is not None:
                yield Bind(lower(item.optional_vars), Opaque("with"), node.lineno)
        yield from self.block(node.body)

    def branch(self, node: ast.If) -> Iterator[Statement]:
        if _is_script(node.test):
            return
        blocks = (tuple(self.block(node.body)), tuple(self.block(node.orelse)))
        if any(blocks):
            yield Branch(_test(node.test), blocks)

    def attempt(self, node: ast.Try) -> Iterator[Statement]:
        blocks = [tuple(self.block([*node.body, *node.orelse]))]
        blocks += [tuple(self.block(handler.body)) for handler in node.handlers]
        if any(blocks):
            yield Branch(None, tuple(blocks))
        yield from self.block(node.finalbody)

    def cases(self, node: ast.Match) -> Iterator[Statement]:
        blocks = tuple(tuple(self.block(case.body)) for case in node.cases)
        if any(blocks):
            yield Branch(None, blocks)

    def imports(self, node: ast.Import) -> Iterator[Statement]:
        for alias in node.names:
            self._imported(alias.name)
            whole = alias.name if alias.asname else alias.name.partition(".")[0]
            yield Bring(alias.asname or whole, whole)

    def import_from(self, node: ast.ImportFrom) -> Iterator[Statement]:
        base = self._base(node)
        for alias in node.names:
            target = base if alias.name == "*" else f"{base}.{alias.name}" if base else alias.name
            self._imported(target)
            yield Bring("*" if alias.name == "*" else alias.asname or alias.name, target)

    def _imported(self, target: str) -> None:
        if not self.inside:
            self.imported.append(target)

    def _base(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = self.module.name.split(".")
        drop = node.level - (1 if self.module.is_package else 0)
        package = parts[: len(parts) - drop] if drop else parts
        return ".".join([*package, *([node.module] if node.module else [])])

    def alias(self, node: ast.stmt) -> Iterator[Statement]:
        """`type X = ...` on Pythons that parse it."""
        name, value = getattr(node, "name", None), getattr(node, "value", None)
        if isinstance(name, ast.Name) and isinstance(value, ast.expr):
            yield Bind(Ident(name.id), annotation(value), node.lineno)

    # Definitions

    def function(self, node: _Def) -> Iterator[Statement]:
        qualname = ".".join([*self.path, node.name])
        self.path += [node.name, "<locals>"]
        self.inside += 1
        body = tuple(self.block(node.body)) if self._is_of_interest(node) else None
        self.inside -= 1
        del self.path[-2:]
        yield Function(
            node.name,
            qualname,
            node.lineno,
            node.end_lineno or node.lineno,
            isinstance(node, ast.AsyncFunctionDef),
            self._is_generator(node),
            tuple(_parameters(node.args)),
            annotation(node.returns) if node.returns is not None else None,
            tuple((lower(d), d.lineno) for d in node.decorator_list),
            body,
            ast.get_docstring(node, clean=False) is not None,
        )

    def _is_of_interest(self, node: _Def) -> bool:
        """Whether calling it may build a part of an application, or give a dependency."""
        first, last = node.body[0].lineno, node.end_lineno or node.lineno
        if _within(self.hits, first, last):
            return True
        if any(isinstance(s, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) for s in node.body):
            return True
        if isinstance(node, ast.FunctionDef):
            return len(node.body) <= _SHORT
        return _may_start(node)

    def _is_generator(self, node: _Def) -> bool:
        if not _within(self.yields, node.body[0].lineno, node.end_lineno or node.lineno):
            return False
        return any(_yields(statement) for statement in node.body)

    def classdef(self, node: ast.ClassDef) -> Iterator[Statement]:
        qualname = ".".join([*self.path, node.name])
        self.path.append(node.name)
        body = tuple(self.block(node.body))
        self.path.pop()
        yield Class(
            node.name,
            qualname,
            node.lineno,
            node.end_lineno or node.lineno,
            tuple(annotation(base) for base in node.bases),
            tuple((k.arg or "**", lower(k.value)) for k in node.keywords),
            tuple((lower(d), d.lineno) for d in node.decorator_list),
            body,
        )


_STATEMENTS: dict[type, Callable[[_Reader, Any], Iterator[Statement]]] = {
    ast.Assign: _Reader.assign,
    ast.AnnAssign: _Reader.annotated,
    ast.AugAssign: _Reader.augmented,
    ast.Expr: _Reader.expression,
    ast.Return: _Reader.result,
    ast.For: _Reader.loop,
    ast.AsyncFor: _Reader.loop,
    ast.While: _Reader.repeat,
    ast.With: _Reader.within,
    ast.AsyncWith: _Reader.within,
    ast.If: _Reader.branch,
    ast.Try: _Reader.attempt,
    ast.TryStar: _Reader.attempt,
    ast.Match: _Reader.cases,
    ast.Import: _Reader.imports,
    ast.ImportFrom: _Reader.import_from,
    ast.FunctionDef: _Reader.function,
    ast.AsyncFunctionDef: _Reader.function,
    ast.ClassDef: _Reader.classdef,
}
if hasattr(ast, "TypeAlias"):
    _STATEMENTS[ast.TypeAlias] = _Reader.alias


def _may_start(node: ast.AsyncFunctionDef) -> bool:
    """Whether it may be what an application does when it starts."""
    if not (node.args.args or node.args.kwonlyargs):
        return len(node.body) <= _SHORT
    return any(last_name(decorator) == "asynccontextmanager" for decorator in node.decorator_list)


def _places(word: str, text: str) -> Iterator[int]:
    place = text.find(word)
    while place >= 0:
        yield place
        place = text.find(word, place + 1)


def _line_starts(lines: tuple[str, ...]) -> list[int]:
    return list(accumulate((len(line) + 1 for line in lines), initial=0))


def _lines_of(places: Iterable[int], starts: list[int]) -> list[int]:
    """The lines (1-based, sorted) in which these places of the text lie."""
    return sorted({bisect_right(starts, place) for place in places})


def _within(lines: list[int], first: int, last: int) -> bool:
    place = bisect_left(lines, first)
    return place < len(lines) and lines[place] <= last


def _is_script(test: ast.expr) -> bool:
    return isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == "__name__"


def _test(node: ast.expr) -> Test | None:
    match node:
        case ast.BoolOp(op=ast.And(), values=[first, *_]) if _test(first) is not None:
            return Test("true", lower(node))
        case ast.Compare(left=left, ops=[ast.Is()], comparators=[ast.Constant(value=None)]):
            return Test("none", lower(left))
        case ast.Compare(left=left, ops=[ast.IsNot()], comparators=[ast.Constant(value=None)]):
            return Test("some", lower(left))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return Test("false", lower(operand))
        case ast.Name() | ast.Attribute() | ast.Call() | ast.Compare(ops=[_]):
            return Test("true", lower(node))
    return None


def _yields(node: ast.AST) -> bool:
    """Whether a `yield` of this very function lies in the node."""
    if isinstance(node, ast.Yield | ast.YieldFrom):
        return True
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef):
        return False
    return any(_yields(child) for child in ast.iter_child_nodes(node))


def _parameters(args: ast.arguments) -> Iterator[Parameter]:
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


# Expressions


def lower(node: ast.expr) -> Expr:
    """An expression as a term."""
    make = _EXPRESSIONS.get(type(node))
    return make(node) if make is not None else Opaque(_text(node))


def annotation(node: ast.expr) -> Expr:
    """An annotation as a term, its quoted parts parsed."""
    match node:
        case ast.Constant(value=str(text)):
            try:
                return annotation(ast.parse(text.strip(), mode="eval").body)
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
    return Lambda(tuple(_parameters(node.args)), lower(node.body), node.lineno)


def _subscript(node: ast.Subscript) -> Expr:
    if last_name(node.value) in ("Annotated", "Optional", "Union"):
        return annotation(node)
    return Index(lower(node.value), lower(node.slice))


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
    ast.IfExp: lambda node: Either((lower(node.body), lower(node.orelse)), _test(node.test) or _UNDECIDED),
    ast.NamedExpr: lambda node: lower(node.value),
    ast.Await: lambda node: lower(node.value),
    ast.ListComp: _each,
    ast.SetComp: _each,
    ast.GeneratorExp: _each,
    ast.DictComp: _each_pair,
    ast.Lambda: _lambda,
}
