"""Does code run only until shared state is filled: `if client is None: client = make()`, `if kept: return kept`?"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from strop.project.infer import Types
from strop.project.scope import Scope
from strop.project.walk import walk

_STORES = frozenset(
    {"set", "setex", "put", "add", "store", "setdefault", "update", "aset", "set_json", "__setitem__"}
)


def fills(types: Types, node: ast.If, branch: list[ast.stmt], scope: Scope) -> bool:
    """Whether this branch of the `if` runs because shared state was empty, and fills it."""
    body = branch is node.body
    match node.test:
        case ast.Compare(left=tested, ops=[ast.Is()], comparators=[ast.Constant(value=None)]) if body:
            return _is_shared(types, tested, scope, stored=True) and _assigns(branch, tested)
        case ast.UnaryOp(op=ast.Not(), operand=tested) if body:
            return _is_shared(types, tested, scope, stored=True) and _assigns(branch, tested)
        case ast.Compare(left=key, ops=[ast.NotIn()], comparators=[store]) if body:
            return _is_shared(types, store, scope) and _assigns(branch, _item(store, key))
        case ast.Compare(left=key, ops=[ast.In()], comparators=[store]) if not body:
            return _is_shared(types, store, scope) and _assigns(branch, _item(store, key))
    return False


def returns_kept(
    types: Types, node: ast.If, before: list[ast.stmt], after: list[ast.stmt], scope: Scope
) -> bool:
    """Whether this `if` answers with what is kept already, and what comes `after` it fills what is kept.

    `before` are the statements in front of it in its block: `kept = CACHE.get(key)` may stand there.
    """
    if not node.body or not isinstance(node.body[-1], ast.Return) or node.body[-1].value is None:
        return False
    kept = set(_places(types, (node.test,), scope))
    kept |= set(_places(types, _values(node.test, before), scope))
    return bool(kept) and any(store in kept for statement in after for store in _stores(statement))


def _values(test: ast.expr, before: list[ast.stmt]) -> Iterator[ast.expr]:
    """What the local names in a test were given in the statements in front of it."""
    names = {each.id for each in walk(test) if isinstance(each, ast.Name)}
    for statement in before:
        if isinstance(statement, ast.Assign):
            if any(isinstance(t, ast.Name) and t.id in names for t in statement.targets):
                yield statement.value
            continue
        match statement:
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value) if name in names:
                yield value


def _places(types: Types, expressions: Iterable[ast.expr], scope: Scope) -> Iterator[str]:
    """The shared names and attributes that expressions read, or ask for by `hasattr`, as text."""
    for expression in expressions:
        for each in map(_asked_for, walk(expression)):
            if isinstance(each, ast.Name) and (each.id in scope.outer or _is_shared(types, each, scope)):
                yield each.id
            elif isinstance(each, ast.Attribute) and _is_shared(types, each, scope):
                yield ast.unparse(each)


def _asked_for(node: ast.AST) -> ast.AST:
    """`self._pool` of `hasattr(self, "_pool")` and `getattr(self, "_pool", None)`; of anything else itself."""
    match node:
        case ast.Call(
            func=ast.Name(id="hasattr" | "getattr"), args=[owner, ast.Constant(value=str(name)), *_]
        ):
            return ast.copy_location(ast.Attribute(owner, name, ast.Load()), node)
    return node


def _stores(statement: ast.stmt) -> Iterator[str]:
    """What a statement, or one in it, puts something into, as text."""
    for each in walk(statement):
        match each:
            case ast.Assign(targets=targets):
                yield from (ast.unparse(t.value if isinstance(t, ast.Subscript) else t) for t in targets)
            case ast.AnnAssign(target=target) if each.value is not None:
                yield ast.unparse(target)
            case ast.Call(func=ast.Attribute(value=owner, attr=method)) if method in _STORES:
                yield ast.unparse(owner)


def _item(store: ast.expr, key: ast.expr) -> ast.expr:
    return ast.Subscript(store, key, ast.Load())


def _assigns(branch: list[ast.stmt], wanted: ast.expr) -> bool:
    text = ast.unparse(wanted)
    given = (each for statement in branch for each in walk(statement) if isinstance(each, ast.Assign))
    return any(ast.unparse(target) == text for each in given for target in each.targets)


def _is_shared(types: Types, tested: ast.expr, scope: Scope, *, stored: bool = False) -> bool:
    """A module's variable, or an attribute (of an object, which is taken to live longer than one request).

    `stored`: the name itself is assigned to.
    """
    if isinstance(tested, ast.Name):
        if stored:
            return tested.id in scope.outer
        bindings, _ = types.names.visible(scope, tested.id, tested.lineno)
        return bool(bindings) and all(b.scope.kind == "module" for b in bindings)
    if not isinstance(tested, ast.Attribute):
        return False
    ref = types.infer(tested.value, scope)
    if ref is not None and ref.kind in ("class", "module"):
        return True
    return isinstance(tested.value, ast.Name) and tested.value.id in ("self", "cls")
