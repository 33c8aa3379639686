"""Does a look-up make what it does not find: `get_or_create`, an upsert, or a function of the project that ends in one?"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.project.body import Body
from strop.project.spelling import last_name
from strop.project.walk import walk
from strop.regex import regex

_MAKES = regex(r"(^|_)a?(create|insert|upsert)(_|$)")
_KEEPS = frozenset({"add", "save", "asave", "insert", "insert_one", "put"})


def is_made(body: Body, found: ast.expr) -> bool:
    """Whether a value that is looked up is made where there is none."""
    call = found.value if isinstance(found, ast.Await) else found
    if not isinstance(call, ast.Call):
        return False
    function = body.types.found.functions.get(body.name(call.func))
    if function is None:
        return bool(_MAKES.search(last_name(call.func)))
    nodes = list(walk(function.node))
    return any(_is_new(result, nodes) for result in _results(function.results))


def _results(results: list[ast.expr]) -> Iterator[ast.expr]:
    """What a function returns, and what comes first of several: `return user, is_new`."""
    for result in results:
        yield result.elts[0] if isinstance(result, ast.Tuple) and result.elts else result


def _is_new(result: ast.expr, nodes: list[ast.AST]) -> bool:
    made = [result.value if isinstance(result, ast.Await) else result]
    if isinstance(result, ast.Name):
        made = [value for node in nodes for value in _assigned(node, result.id)]
    kept = isinstance(result, ast.Name) and any(_keeps(node, result.id) for node in nodes)
    names = [last_name(call.func) for call in made if isinstance(call, ast.Call)]
    return any(_MAKES.search(name) or (kept and name[:1].isupper()) for name in names)


def _assigned(node: ast.AST, name: str) -> Iterator[ast.expr]:
    match node:
        case ast.Assign(
            targets=[ast.Name(id=target) | ast.Tuple(elts=[ast.Name(id=target), *_])], value=value
        ) if target == name:
            yield value.value if isinstance(value, ast.Await) else value


def _keeps(node: ast.AST, name: str) -> bool:
    """Whether a row is put into the database: `session.add(user)`, `user.save()`."""
    match node:
        case ast.Call(func=ast.Attribute(attr=verb, value=owner), args=given) if verb in _KEEPS:
            return any(isinstance(each, ast.Name) and each.id == name for each in (owner, *given))
    return False
