"""Which rows are written many at a time, and which of those does a page hold whose size a client chooses?"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.walk import walk
from strop.rules.aside import is_aside
from strop.rules.loading import is_mapped, statement_of

WORDS = frozenset(
    {"add_all", "bulk_save_objects", "bulk_insert_mappings", "insert", "insert_many", "bulk_write"}
)
_PAGING = frozenset({"page", "offset", "skip"})


def written(body: Body, rule: str) -> Iterator[Mark]:
    """Mapped classes, and collections of a document store, of which a function writes a list of any length."""
    found = {name for call in body.calls(*WORDS) for name in _written(body, call)}
    for name in sorted(found - {""}):
        yield body.mark(rule, body.node, bulk=name)


def held(body: Body, rule: str, names: frozenset[str]) -> Iterator[Mark]:
    """What the pages hold whose size one of these names gives; `all` where without it all rows are meant."""
    for call in body.calls("limit"):
        if isinstance(call.func, ast.Attribute) and any(_names(a) & names for a in call.args):
            statement = statement_of(body, call.func.value)
            entities = statement.entities[:1] if statement is not None else ()
            yield body.mark(
                rule,
                call,
                held=next(iter(entities), "?"),
                all="yes" if _is_optional(body, call, names) else "",
            )
    for cut in body.of(ast.Dict):
        given = [v for k, v in zip(cut.keys, cut.values, strict=True) if body.constant(k) == "$limit"]
        if any(_names(value) & names for value in given):
            for asked in body.calls("aggregate"):
                yield body.mark(rule, cut, held=_collection(asked))


def many(project: Project, rule: str) -> frozenset[str]:
    """The rows that are written many at a time while the service runs; what is filled at its start is no growth."""
    return frozenset(
        mark.fact("bulk")
        for mark in project.source.marks.get(rule, ())
        if mark.fact("bulk") and not is_aside(mark.span.file) and not _is_at_start(project, mark.function)
    )


def _is_at_start(project: Project, function: str) -> bool:
    ways = project.reaches.get(function, ())
    return bool(ways) and all(way.context in ("startup", "once", "import") for way in ways)


def _written(body: Body, call: ast.Call) -> Iterator[str]:
    match call:
        case ast.Call(func=ast.Attribute(attr="add_all" | "bulk_save_objects"), args=[rows, *_]):
            yield _element(body, rows)
        case ast.Call(func=ast.Attribute(attr="bulk_insert_mappings"), args=[model, *_]):
            yield _class(body, model)
        case ast.Call(func=ast.Attribute(attr="insert_many" | "bulk_write")):
            yield _collection(call)
        case ast.Call(args=[model, *_]) if body.name(call.func).endswith(".insert"):
            yield _class(body, model) if _is_given_list(body, call) else ""


def _element(body: Body, rows: ast.expr) -> str:
    """The mapped class of the rows in a list that may have any length; "" for one that is written out."""
    ref = body.ref(rows)
    made = body.value(rows)
    if isinstance(made, ast.ListComp | ast.GeneratorExp):
        return _class(body, made.elt.func) if isinstance(made.elt, ast.Call) else ""
    if isinstance(made, ast.List) and made.elts:
        return ""
    if ref is not None and len(ref.args) == 1 and is_mapped(body, ref.args[0].name):
        return ref.args[0].name
    return _appended(body, rows.id) if isinstance(rows, ast.Name) else ""


def _appended(body: Body, rows: str) -> str:
    for call in body.calls("append"):
        match call:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name)), args=[one]) if name == rows:
                value = body.value(one)
                return _class(body, value.func) if isinstance(value, ast.Call) else ""
    return ""


def _is_given_list(body: Body, insert: ast.Call) -> bool:
    """Whether a list goes with an `insert(Model)`: `.values(rows)`, `execute(insert(Model), rows)`."""
    for around in body.around(insert):
        match around:
            case ast.Call(func=ast.Attribute(attr="values"), args=[rows]):
                return not isinstance(body.value(rows), ast.Dict)
            case ast.Call(func=ast.Attribute(attr="execute"), args=[_, rows]):
                return not isinstance(body.value(rows), ast.Dict)
            case ast.Call() | ast.Attribute():
                continue
        return False
    return False


def _class(body: Body, expr: ast.expr) -> str:
    ref = body.ref(expr) if isinstance(expr, ast.Name | ast.Attribute) else None
    return ref.name if ref is not None and ref.kind == "class" and is_mapped(body, ref.name) else ""


def _collection(call: ast.Call) -> str:
    """What the code calls a collection of a document store: "pages" of `self.pages.insert_many(...)`."""
    match call.func:
        case ast.Attribute(value=ast.Attribute(attr=name) | ast.Name(id=name)):
            return name
    return ""


def _names(expr: ast.expr) -> set[str]:
    nodes = list(walk(expr))
    return {n.id for n in nodes if isinstance(n, ast.Name)} | {
        n.attr for n in nodes if isinstance(n, ast.Attribute)
    }


def _is_optional(body: Body, call: ast.Call, names: frozenset[str]) -> bool:
    """Whether a page is cut only `if limit:`, `if page_size is not None:`, `if page > 0:`; without, all rows are given."""
    inside: ast.AST = call
    for around in body.around(call):
        if (
            isinstance(around, ast.If)
            and inside is not around.test
            and _is_presence(around.test, names | _PAGING)
        ):
            return True
        inside = around
    return False


def _is_presence(test: ast.expr, names: frozenset[str]) -> bool:
    """Whether a condition asks only whether sizes and places of pages are there, or positive."""
    match test:
        case ast.BoolOp(values=parts):
            return all(_is_presence(part, names) for part in parts)
        case ast.UnaryOp(op=ast.Not(), operand=inner):
            return _is_presence(inner, names)
        case ast.Compare(left=left, ops=[_], comparators=[right]):
            return _is_zero(right) and bool(_names(left) & names)
        case ast.Name() | ast.Attribute():
            return bool(_names(test) & names)
    return False


def _is_zero(expr: ast.expr) -> bool:
    match expr:
        case ast.Constant(value=None | 0) | ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=1)):
            return True
    return False
