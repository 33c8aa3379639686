"""How many turns of a loop do its work: does it go over the parts of one object, look for one, leave after a call?"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.project.body import Body
from strop.project.spelling import last_name
from strop.project.walk import walk
from strop.rules.loading import is_mapped

_FEW_FIELDS = 2  # a body of one or two fields is made for its list: a bulk request
_WRAPPERS = ("enumerate", "sorted", "reversed", "list", "tuple", "set", "zip")
_STATEMENTS = frozenset(f"sqlalchemy.{made}" for made in ("select", "delete", "insert", "update"))
_MODELS = ("pydantic.", "sqlmodel.")


def of_one_object(body: Body, over: ast.expr) -> str:
    """ "fields" of one body, "collection" of one mapped object; "" for anything else."""
    match over:
        case ast.Call(func=ast.Name(id=name), args=[first, *_]) if name in _WRAPPERS:
            return of_one_object(body, first)
        case ast.BoolOp(op=ast.Or(), values=[first, *_]):
            return of_one_object(body, first)
        case ast.Attribute(value=owner):
            ref = body.ref(owner)
            either = ref.args if ref is not None and ref.kind == "union" else (ref,)
            parts = [_part_of(body, each.name) if each is not None else "" for each in either]
            return parts[0] if parts and all(parts) else ""
    return ""


def asks_each_table(body: Body, loop: ast.For | ast.AsyncFor) -> bool:
    """Whether the turns go over tables: `for model in MODELS: session.execute(delete(model))`."""
    names = {n.id for n in walk(loop.target) if isinstance(n, ast.Name)}
    nodes = [n for n in walk(loop) if isinstance(n, ast.Assign | ast.Call)]
    for node in nodes:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Subscript(slice=ast.Name(id=key))) if (
                key in names
            ):
                names.add(name)  # table = metadata.tables[name]
    for node in nodes:
        match node:
            case ast.Call(func=func, args=[ast.Name(id=name), *_]) if name in names:
                if last_name(func) == "query" or body.name(func) in _STATEMENTS:
                    return True
            case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr=made), args=[]) if name in names:
                if made in ("delete", "insert", "update", "select"):
                    return True
    return False


def _part_of(body: Body, owner: str) -> str:
    if owner not in body.types.found.classes:
        return ""
    if is_mapped(body, owner):
        return "collection"
    if not any(base.startswith(_MODELS) for base in body.bases(owner)):
        return ""
    names = {name for node, _ in body.types.members.lineage(owner).classes for name in node.space.names}
    return "fields" if len(names) > _FEW_FIELDS else ""


def looks_for_one(block: list[ast.stmt]) -> bool:
    """Whether a loop ends as soon as a turn has found something: `if row := find(key): return row`,
    `if shop.open: first = shop.name; break`.
    """
    found = {
        target.id
        for statement in block
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    return any(_ends_found(statement, found) for statement in block)


def _ends_found(statement: ast.stmt, found: set[str]) -> bool:
    match statement:
        case ast.If(body=[*kept, ast.Break()]) if any(_keeps(each, found) for each in kept):
            return True
        case ast.If(test=test, body=[*_, ast.Return() | ast.Break()]):
            return _has_found(test, found)
        case (
            ast.Try(body=[*_, ast.Return() | ast.Break()]) | ast.Try(orelse=[*_, ast.Return() | ast.Break()])
        ):
            return True  # the next one is tried where this one fails
    return False


def _keeps(statement: ast.stmt, found: set[str]) -> bool:
    """Whether a statement keeps what the turn has found, or a part of it, under another name."""
    if not isinstance(statement, ast.Assign):
        return False
    return any(isinstance(n, ast.Name) and n.id in found for n in walk(statement.value))


def _has_found(test: ast.expr, found: set[str]) -> bool:
    match test:
        case ast.Name(id=name):
            return name in found
        case ast.NamedExpr() | ast.Await():
            return True
        case ast.Compare(left=left, ops=[ast.IsNot()], comparators=[ast.Constant(value=None)]):
            return _has_found(left, found)
        case ast.BoolOp(op=ast.And(), values=parts):
            return any(_has_found(part, found) for part in parts)
    return False


def left_behind(block: list[ast.stmt]) -> Iterator[list[ast.stmt]]:
    """The blocks of a loop's body that end the loop: what stands in them runs once at most."""
    for statement in block:
        if isinstance(statement, ast.For | ast.AsyncFor | ast.While | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        for name in ("body", "orelse"):
            inner = getattr(statement, name, None)
            if not isinstance(inner, list) or not inner:
                continue
            if isinstance(statement, ast.If) and isinstance(inner[-1], ast.Return | ast.Break | ast.Raise):
                yield inner
            else:
                yield from left_behind(inner)


def full_batches(block: list[ast.stmt]) -> Iterator[list[ast.stmt]]:
    """The blocks that a loop comes to once for many turns: `if len(rows) >= 500:`, `if number % 500 == 0:`."""
    for test, inner in _branches(block):
        match test:
            case ast.Compare(
                left=ast.Call(func=ast.Name(id="len")), ops=[ast.Gt() | ast.GtE() | ast.Eq()]
            ) if not _is_zero(test.comparators[0]):
                yield inner
            case ast.Compare(left=ast.BinOp(op=ast.Mod())):
                yield inner


def rare_blocks(block: list[ast.stmt]) -> Iterator[list[ast.stmt]]:
    """The blocks that a usual turn doesn't come to: where one has failed, or a key isn't known yet."""
    for statement in block:
        for node in walk(statement):
            if isinstance(node, ast.ExceptHandler) or (
                isinstance(node, ast.If) and fills_unknown(node.test, node.body)
            ):
                yield node.body


def _branches(block: list[ast.stmt]) -> Iterator[tuple[ast.expr, list[ast.stmt]]]:
    for statement in block:
        for node in walk(statement):
            if isinstance(node, ast.If):
                yield node.test, node.body


def _is_zero(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value == 0


def fills_unknown(test: ast.expr, block: list[ast.stmt]) -> bool:
    """Whether a block fills what its condition has missed: `if key not in known: known[key] = find(key)`."""
    match test:
        case ast.Compare(ops=[ast.NotIn()], comparators=[known]):
            return ast.unparse(known) in map(ast.unparse, _filled(block))
        case ast.Compare(ops=[ast.Is()], comparators=[ast.Constant(value=None)]) | ast.UnaryOp(op=ast.Not()):
            return any(True for _ in _filled(block))
    return False


def _filled(block: list[ast.stmt]) -> Iterator[ast.expr]:
    """What a block puts values into, by a key."""
    for statement in block:
        for node in walk(statement):
            for target in node.targets if isinstance(node, ast.Assign) else ():
                if isinstance(target, ast.Subscript):
                    yield target.value
