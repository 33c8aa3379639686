"""Does a branch run only until shared state is filled: `if client is None: client = make()`?"""

from __future__ import annotations

import ast

from strop.project.infer import Types
from strop.project.scope import Scope


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


def _item(store: ast.expr, key: ast.expr) -> ast.expr:
    return ast.Subscript(store, key, ast.Load())


def _assigns(branch: list[ast.stmt], wanted: ast.expr) -> bool:
    text = ast.unparse(wanted)
    return any(ast.unparse(t) == text for s in branch if isinstance(s, ast.Assign) for t in s.targets)


def _is_shared(types: Types, tested: ast.expr, scope: Scope, *, stored: bool = False) -> bool:
    """A module's variable or an attribute of a class or module; `stored`: the name itself is assigned to."""
    if isinstance(tested, ast.Name):
        if stored:
            return tested.id in scope.outer
        bindings, _ = types.names.visible(scope, tested.id, tested.lineno)
        return bool(bindings) and all(b.scope.kind == "module" for b in bindings)
    if not isinstance(tested, ast.Attribute):
        return False
    ref = types.infer(tested.value, scope)
    return ref is not None and ref.kind in ("class", "module")
