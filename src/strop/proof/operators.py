"""What small mistakes could stand in place of a piece of code? Each is one replacement of one node."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from copy import deepcopy

from msgspec import Struct

REMOVED = frozenset(
    [
        "where",
        "filter",
        "filter_by",
        "order_by",
        "limit",
        "offset",
        "distinct",
        "group_by",
        "having",
        "join",
        "outerjoin",
        "with_for_update",
        "desc",
        "strip",
        "lower",
        "upper",
        "unique",
        "exclude",
        "reverse",
    ]
)
DONE = frozenset(
    ["commit", "flush", "delete", "add", "add_all", "execute", "refresh", "rollback"]
)  # calls made for what they do
LOADING = frozenset(("options", "execution_options"))  # how rows are fetched, not which
OPTIONAL = frozenset(
    ["and_", "or_", "round", "HTTPException"]
)  # calls that can do without their last argument
LOGGING = frozenset(["debug", "info", "warning", "error", "exception", "critical", "log", "warn"])
TUNING = frozenset(
    [
        "timeout",
        "pool_size",
        "max_overflow",
        "lazy",
        "echo",
        "batch_size",
        "chunk_size",
        "stacklevel",
        "strict",
    ]
)
FIRST = frozenset(("scalar", "first", "scalar_one_or_none"))  # what takes one row whatever the limit

_NEXT: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
}
_OTHER: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
}
_COLLECTIONS = (ast.List, ast.ListComp)
_LOOSE = (ast.BoolOp, ast.BinOp, ast.UnaryOp, ast.Compare, ast.IfExp, ast.Lambda, ast.Await)


class Change(Struct, frozen=True):
    """One replacement: which mistake, of which node, by which text. A lower rank tells more."""

    operator: str
    node: ast.expr | ast.stmt
    text: str
    rank: int


def changes(tree: ast.Module) -> Iterator[Change]:
    """Every mistake that could be made in a file, without those that no client could ever tell."""
    idle = {id(node) for node in _idle(tree)}
    yield from (change for change in _below(tree) if id(change.node) not in idle)


def _idle(tree: ast.Module) -> Iterator[ast.AST]:
    """Limits of one row where one row is taken anyway: without them the answer is the same."""
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and _called(call) in FIRST:
            for node in ast.walk(call):
                if (
                    isinstance(node, ast.Call)
                    and _called(node) == "limit"
                    and [ast.unparse(a) for a in node.args] == ["1"]
                ):
                    yield from (node, *node.args)


def _below(node: ast.AST) -> Iterator[Change]:
    for child in _parts(node):
        make = _MAKERS.get(type(child))
        if make is not None:
            yield from make(child)
        yield from _below(child)


def _parts(node: ast.AST) -> Iterator[ast.AST]:
    """What lies in a node and can matter: no docstring, log, annotation, import, or way of loading."""
    if isinstance(node, ast.JoinedStr | ast.Import | ast.ImportFrom | ast.Assert | ast.Global | ast.Nonlocal):
        return
    if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test):
        return
    if isinstance(node, ast.Call) and _called(node) in LOADING:
        yield node.func
        return
    for name, value in ast.iter_fields(node):
        parts = value if isinstance(value, list) else [value]
        for part in parts:
            if not isinstance(part, ast.AST) or is_silent(part):
                continue
            if name in ("annotation", "returns"):
                yield from (inner for inner in ast.walk(part) if isinstance(inner, ast.Call))
            else:
                yield part


def is_silent(node: ast.AST) -> bool:
    """Whether a node changes nothing that a client or the database sees."""
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) or is_silent(node.value)
    if isinstance(node, ast.keyword):
        return node.arg in TUNING
    if not isinstance(node, ast.Call):
        return False
    name = _called(node)
    if name == "print" or (name == "warn" and "warnings" in ast.unparse(node.func)):
        return True
    owner = ast.unparse(node.func.value).lower() if isinstance(node.func, ast.Attribute) else ""
    return name in LOGGING and "log" in owner


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _compare(node: ast.Compare) -> Iterator[Change]:
    for place, op in enumerate(node.ops):
        for rank, other in enumerate(_NEXT[type(op)]):
            new = deepcopy(node)
            new.ops[place] = other()
            name = (
                "comparison off by one" if len(_NEXT[type(op)]) == 2 and rank == 0 else "comparison flipped"
            )
            yield _replace(name, node, new, 2 + rank)


def _bool(node: ast.BoolOp) -> Iterator[Change]:
    new = deepcopy(node)
    new.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    yield _replace("and/or exchanged", node, new, 2)
    for place in range(len(node.values)):
        rest = [value for number, value in enumerate(node.values) if number != place]
        less: ast.expr = rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
        yield _replace("condition dropped", node, less, 1)


def _not(node: ast.UnaryOp) -> Iterator[Change]:
    if isinstance(node.op, ast.Not):
        yield _replace("negation dropped", node, node.operand, 2)
    elif isinstance(node.op, ast.USub) and not isinstance(node.operand, ast.Constant):
        yield _replace("sign dropped", node, node.operand, 2)


def _test(node: ast.If | ast.IfExp | ast.While) -> Iterator[Change]:
    if isinstance(node.test, ast.Name | ast.Attribute | ast.Call | ast.NamedExpr | ast.Await):
        yield _replace("condition negated", node.test, ast.UnaryOp(ast.Not(), node.test), 2)


def _arithmetic(node: ast.BinOp) -> Iterator[Change]:
    other = _OTHER.get(type(node.op))
    texts = (ast.Constant, ast.JoinedStr)
    is_text = any(isinstance(s, texts) and not _is_number(s) for s in (node.left, node.right))
    if other is not None and not is_text:
        yield _replace("arithmetic", node, ast.BinOp(node.left, other(), node.right), 3)


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int | float)


def _constant(node: ast.Constant) -> Iterator[Change]:
    new: object
    match node.value:
        case bool():
            new = not node.value
        case int() | float():
            new = node.value + 1
        case str():
            new = f"{node.value}~"
        case _:
            return
    yield _replace("constant changed", node, ast.Constant(new), 4)


def _text(node: ast.JoinedStr) -> Iterator[Change]:
    yield _replace("text emptied", node, ast.Constant(""), 4)


def _call(node: ast.Call) -> Iterator[Change]:
    name = _called(node)
    if name in REMOVED and isinstance(node.func, ast.Attribute):
        yield _replace(f"{name} removed", node, node.func.value, 0)
    if name in LOADING:
        return
    if len(node.args) > 1 and name in REMOVED | OPTIONAL and not isinstance(node.args[-1], ast.Starred):
        yield _replace("last argument dropped", node, _without(node, len(node.args) - 1, None), 3)
    for keyword in node.keywords:
        if keyword.arg and keyword.arg not in TUNING:
            yield _replace(f"argument {keyword.arg} dropped", node, _without(node, None, keyword.arg), 5)


def _without(node: ast.Call, place: int | None, name: str | None) -> ast.Call:
    args = [arg for number, arg in enumerate(node.args) if number != place]
    return ast.Call(node.func, args, [k for k in node.keywords if name is None or k.arg != name])


def _return(node: ast.Return) -> Iterator[Change]:
    if node.value is None or (isinstance(node.value, ast.Constant) and node.value.value is None):
        return
    empty = ast.List([], ast.Load()) if isinstance(node.value, _COLLECTIONS) else ast.Constant(None)
    yield Change("nothing returned", node, f"return {ast.unparse(empty)}", 1)


def _expression(node: ast.Expr) -> Iterator[Change]:
    value = node.value.value if isinstance(node.value, ast.Await) else node.value
    if isinstance(value, ast.Call):
        name = _called(value)
        yield Change(f"{name} removed" if name in DONE else "statement removed", node, "pass", 0)


def _raise(node: ast.Raise) -> Iterator[Change]:
    yield Change("raise removed", node, "pass", 0)


def _assign(node: ast.Assign) -> Iterator[Change]:
    """A name that is never bound ends every request; an attribute or an item that is not set is told by few."""
    if all(isinstance(target, ast.Attribute | ast.Subscript) for target in node.targets):
        yield Change("statement removed", node, "pass", 1)


def _augment(node: ast.AugAssign) -> Iterator[Change]:
    yield Change("statement removed", node, "pass", 1)


def _jump(node: ast.Continue | ast.Break) -> Iterator[Change]:
    yield Change("jump removed", node, "pass", 1)


def _replace(operator: str, node: ast.expr, new: ast.expr, rank: int) -> Change:
    text = ast.unparse(new)
    return Change(operator, node, f"({text})" if isinstance(new, _LOOSE) else text, rank)


# One maker a type of node, hence the cast to what each expects.
_MAKERS: dict[type[ast.AST], Callable[..., Iterator[Change]]] = {
    ast.Compare: _compare,
    ast.BoolOp: _bool,
    ast.UnaryOp: _not,
    ast.If: _test,
    ast.IfExp: _test,
    ast.While: _test,
    ast.BinOp: _arithmetic,
    ast.Constant: _constant,
    ast.JoinedStr: _text,
    ast.Call: _call,
    ast.Return: _return,
    ast.Expr: _expression,
    ast.Raise: _raise,
    ast.Assign: _assign,
    ast.AugAssign: _augment,
    ast.Continue: _jump,
    ast.Break: _jump,
}
