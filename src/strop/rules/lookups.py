"""Which values are looked up and may be None, and are they asked whether they are?"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.project.body import Body
from strop.project.spelling import last_name
from strop.regex import regex
from strop.rules.refused import raises_for_nothing

_FINDS = regex(r"_?(get|find|fetch|load|read|lookup|look_up|search|retrieve|by_|query|select|one|first)(_|$)")
SESSIONS = (
    "sqlalchemy.orm.Session",
    "sqlalchemy.ext.asyncio.AsyncSession",
    "sqlmodel.Session",
    "sqlmodel.ext.asyncio",
)


def lookup(body: Body, expr: ast.expr) -> ast.Call | None:
    """The call by which an expression looks up one row that may not be there; None for anything else."""
    if isinstance(expr, ast.Await):
        expr = expr.value
    if not isinstance(expr, ast.Call) or not isinstance(expr.func, ast.Attribute | ast.Name):
        return None
    return expr if _is_lookup(body, expr) or _may_be_none(body, expr) else None


def _is_lookup(body: Body, call: ast.Call) -> bool:
    """A look-up of SQLAlchemy that gives None when there is no such row."""
    if not isinstance(call.func, ast.Attribute):
        return False
    name = body.name(call.func)
    if call.func.attr == "get":
        return name.startswith(SESSIONS) and len(call.args) >= 2
    if call.func.attr in ("first", "one_or_none"):
        return name.startswith(("sqlalchemy.", "sqlmodel.")) or _starts_at_session(body, call)
    return call.func.attr == "scalar_one_or_none" and not call.args


def _starts_at_session(body: Body, call: ast.Call) -> bool:
    """`session.query(X).filter(...).first()`, `session.exec(select(X)).first()`."""
    here: ast.expr = call
    while True:
        match here:
            case ast.Call(func=ast.Attribute(value=inner, attr=attr)):
                if attr in ("query", "exec", "execute", "scalars") and body.instance(inner).startswith(
                    SESSIONS
                ):
                    return True
                here = inner
            case ast.Await(value=inner) | ast.Attribute(value=inner):
                here = inner
            case _:
                return False


def _may_be_none(body: Body, call: ast.Call) -> bool:
    """A function of the project whose annotation says that it may return None."""
    ref = body.ref(call.func)
    node = body.types.found.functions.get(ref.name) if ref is not None and ref.kind == "function" else None
    if node is None or node.node.returns is None or not is_optional(node.node.returns):
        return False
    if not _FINDS.match(node.node.name):  # what creates or changes is annotated so by habit
        return False
    if raises_for_nothing(body, call, node):
        return False
    return not node.results or not all(map(_is_made, node.results))


def _is_made(expr: ast.expr) -> bool:
    """Whether a function's result is an object that it makes, whatever its annotation allows."""
    func = expr.func if isinstance(expr, ast.Call) else None
    name = last_name(func)
    return name[:1].isupper() or isinstance(expr, ast.Dict | ast.List | ast.ListComp)


def is_optional(annotation: ast.expr) -> bool:
    """Whether an annotation allows None."""
    match annotation:
        case ast.Constant(value=None):
            return True
        case ast.Constant(value=str() as text):
            return "None" in text or text.startswith("Optional[")
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return is_optional(left) or is_optional(right)
        case ast.Subscript(value=ast.Name(id="Optional") | ast.Attribute(attr="Optional")):
            return True
        case ast.Subscript(
            value=ast.Name(id="Union") | ast.Attribute(attr="Union"), slice=ast.Tuple(elts=parts)
        ):
            return any(is_optional(part) for part in parts)
        case ast.Subscript(value=ast.Name(id="Annotated"), slice=ast.Tuple(elts=[inner, *_])):
            return is_optional(inner)
    return False


def looked_up(body: Body) -> Iterator[tuple[str, ast.Assign | ast.AnnAssign, ast.Call]]:
    """Local names that hold the result of a look-up and are given nothing else."""
    stores: dict[str, int] = {}
    for name in body.of(ast.Name):
        if isinstance(name.ctx, ast.Store):
            stores[name.id] = stores.get(name.id, 0) + 1
    statements: list[ast.Assign | ast.AnnAssign] = [*body.of(ast.Assign), *body.of(ast.AnnAssign)]
    for statement in statements:
        target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
        if isinstance(target, ast.Name) and statement.value is not None and stores.get(target.id) == 1:
            call = lookup(body, statement.value)
            if call is not None:
                yield target.id, statement, call


def is_asked(body: Body, name: str) -> bool:
    """Whether the function asks anywhere whether a name is None, or hands it to something that may."""
    for node in body.of(ast.Name):
        if node.id == name and isinstance(node.ctx, ast.Load) and _is_question(body, node):
            return True
    return False


def _is_question(body: Body, node: ast.Name) -> bool:
    parent = body.parent(node)
    match parent:
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test) | ast.Assert(test=test) if (
            test is node
        ):
            return True
        case ast.BoolOp() | ast.UnaryOp(op=ast.Not()) | ast.NamedExpr() | ast.Match() | ast.comprehension():
            return True
        case ast.Compare(comparators=[ast.Constant(value=None)]):
            return True
        case ast.Call(func=ast.Name(id="isinstance" | "bool" | "getattr" | "hasattr")):
            return True
        case ast.Call() | ast.keyword() if not isinstance(body.parent(parent), ast.Return):
            call = parent if isinstance(parent, ast.Call) else body.parent(parent)
            return isinstance(call, ast.Call) and isinstance(body.parent(call), ast.Expr | ast.Await)
    return False
