"""Which numbers of a module does a function count, and where does one decide or leave the function?"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from strop.project.body import Body
from strop.project.mark import Mark
from strop.regex import regex
from strop.rules.caught import LOGS

_IDENTITY = regex(r"worker_?(id|hash|number)|getpid|hostname", re.I)


def counted(body: Body, key: str) -> Iterator[Mark]:
    """`global served; served += 1`: marks of this key."""
    for node in body.of(ast.AugAssign):
        if isinstance(node.target, ast.Name) and node.target.id in body.scope.outer:
            store = f"{body.module.name}.{node.target.id}"
            how = "bound" if any(_IDENTITY.search(word) for word in body.words) else "count"
            yield body.mark(key, node, store=store, how=how, text=body.brief(node, 60))


def weighty(body: Body, key: str) -> Iterator[Mark]:
    """Where a number decides or leaves the function; one that is only written into a log or a report does neither."""
    numbers = [n for n in body.words & body.module.scope.names.keys() if _is_number(body, n)]
    for node in body.of(ast.Name) if numbers else ():
        if node.id in numbers and isinstance(node.ctx, ast.Load) and _weighs(body, node):
            yield body.mark(key, node, store=f"{body.module.name}.{node.id}", how="read", text=node.id)


def _is_number(body: Body, name: str) -> bool:
    """Whether a module's name begins as a number and is no constant."""
    first = body.module.scope.names[name][0]
    value = first.expr if first.how == "value" else first.default
    written = name in body.scope.outer or not name.isupper()
    return written and isinstance(value, ast.Constant) and type(value.value) is int


def _weighs(body: Body, node: ast.AST) -> bool:
    above = body.parent(node)
    match above:
        case ast.BinOp(op=ast.Mod()) | ast.Dict() | ast.FormattedValue():
            return False
        case ast.Call(func=ast.Attribute(attr=attr)) if attr in LOGS:
            return False
        case ast.Compare() | ast.Return() | ast.Call() | ast.Subscript() | ast.Yield():
            return True
        case ast.expr() | ast.keyword():
            return _weighs(body, above)
    return False
