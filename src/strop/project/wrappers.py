"""What do the project's own decorators put around a function?"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.project.infer import Types
from strop.project.scope import FunctionNode, Ref, Scope
from strop.project.walk import walk


def decorators(types: Types, node: FunctionNode) -> tuple[str, ...]:
    """The dotted names of a function's decorators where they can be told, else their text without arguments."""
    key = node.key + "@"
    types.watch.note(key)
    if node.marked is None:
        before = types.watch.enter(key)
        node.marked = tuple(_name(types, each, node) for each in node.definition.decorator_list)
        types.watch.leave(before)
    return node.marked


def _name(types: Types, expr: ast.expr, node: FunctionNode) -> str:
    func = expr.func if isinstance(expr, ast.Call) else expr
    ref = types.infer(func, _outside(node))
    if ref is not None and ref.kind in ("name", "function", "class"):
        return ref.name
    return ast.unparse(func)


def wrappers(types: Types, node: FunctionNode) -> Iterator[tuple[ast.expr, FunctionNode]]:
    """The functions that stand in its place: each decorator and the wrapper that it returns."""
    for expr in node.definition.decorator_list:
        applied = _function(types, types.infer(expr, _outside(node)))
        wrapper = _function(types, types.result_of(applied)) if applied is not None else None
        if wrapper is not None and wrapper is not node:
            yield expr, wrapper


def _outside(node: FunctionNode) -> Scope:
    return node.space.parent or node.module.space


def runs_off_loop(types: Types, node: FunctionNode) -> bool:
    """Whether a decorator hands the function to a thread: `sync_to_async`, or one of the project's own."""
    if not node.definition.decorator_list:
        return False
    key = node.key + "@"
    types.watch.note(key)
    if node.threaded is None:
        node.threaded = False  # a wrapper that is wrapped in itself
        before = types.watch.enter(key)
        node.threaded = any(name in types.catalogue.off_loop for name in decorators(types, node)) or any(
            _hands_over(types, wrapper) for _, wrapper in wrappers(types, node)
        )
        types.watch.leave(before)
    return node.threaded


def _hands_over(types: Types, wrapper: FunctionNode) -> bool:
    """Whether a wrapper gives what it wraps (a parameter of the decorator around it) to a thread."""
    around = wrapper.space.parent
    if around is None or around.kind != "function":
        return False
    for call in walk(wrapper.node):
        if not isinstance(call, ast.Call):
            continue
        ref = types.infer(call.func, wrapper.space)
        place = types.catalogue.off_loop.get(ref.name, -1) if ref is not None else -1
        if 0 <= place < len(call.args) and _wrapped(call.args[place]) in around.names:
            return True
    return False


def _wrapped(given: ast.expr) -> str:
    if isinstance(given, ast.Call) and given.args:  # partial(func, ...)
        given = given.args[0]
    return given.id if isinstance(given, ast.Name) else ""


def _function(types: Types, ref: Ref | None) -> FunctionNode | None:
    return types.found.function(ref.name) if ref is not None and ref.kind == "function" else None
