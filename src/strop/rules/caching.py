"""Which work is done only where a cache has nothing: behind a look into it, or in a function that is handed to it?"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.walk import walk
from strop.rules.detours import KIND
from strop.rules.kept import keeps

WORDS = frozenset({"lambda"})


def note_kept(body: Body, rule: str) -> Iterator[Mark]:
    """A mark, as for a detour, for each `lambda: load(key)` that is handed to a cache."""
    for made in body.of(ast.Lambda):
        above = body.parent(made)
        above = body.parent(above) if isinstance(above, ast.keyword) else above
        if isinstance(above, ast.Call) and above.func is not made and _is_cache(above.func):
            yield body.mark(rule, made, kind=KIND, last=made.end_lineno)


def is_missed(body: Body, node: ast.expr) -> bool:
    """Whether a branch above has left the function with what a cache had: `if found: return found`."""
    return any(
        branch.lineno < node.lineno and _leaves_with_kept(body, branch)
        for branch in body.of(ast.If)
        if not any(branch is each for each in body.around(node))
    )


def _leaves_with_kept(body: Body, branch: ast.If) -> bool:
    last = branch.body[-1]
    if not isinstance(last, ast.Return) or not isinstance(last.value, ast.Name):
        return False
    name = last.value.id
    found = [b.expr for b in body.scope.names.get(name, ()) if b.how == "value" and b.line < branch.lineno]
    asked = any(isinstance(n, ast.Name) and n.id == name for n in walk(branch.test))
    return asked and any(map(_is_looked_up, found))


def _is_looked_up(expr: ast.expr | None) -> bool:
    """`cache.get(key)`, `await get_cache(key)`."""
    called = expr.value if isinstance(expr, ast.Await) else expr
    return isinstance(called, ast.Call) and _is_cache(called.func)


def _is_cache(func: ast.expr) -> bool:
    """Whether a name on the way to a function says that it keeps: `cache.save_result`, `self._token_cache.get`."""
    names = [n.attr if isinstance(n, ast.Attribute) else n.id for n in _parts(func)]
    return any(map(keeps, names))


def _parts(func: ast.expr) -> Iterator[ast.Attribute | ast.Name]:
    while isinstance(func, ast.Attribute):
        yield func
        func = func.value
    if isinstance(func, ast.Name):
        yield func
