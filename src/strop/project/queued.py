"""Which functions does a decorator of the project only put in a queue, so that calling them does not run them?

It is told where the one wrapper that stands in the function's place never reads what it wraps, but for its name. Where the
decorator keeps the function somewhere, the wrapper must also be seen to send a task: else it may call it from there.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.project.infer import Types
from strop.project.scope import FunctionNode
from strop.project.spelling import last_name, targets_of
from strop.project.walk import walk
from strop.project.wrappers import wrappers

_SENDS = frozenset({"delay", "apply_async", "send_task", "enqueue", "enqueue_call", "enqueue_job", "kiq"})
_TOLD = frozenset({"__name__", "__qualname__", "__module__", "__doc__", "__annotations__"})


def queued_by(types: Types, node: FunctionNode) -> FunctionNode | None:
    """The wrapper that runs instead of a function that it only queues; None where the function is run, or may be."""
    if not node.definition.decorator_list:
        return None
    key = node.key + "@"
    types.watch.note(key)
    before = types.watch.enter(key)
    found = next((wrapper for _, wrapper in wrappers(types, node) if _only_queues(types, wrapper)), None)
    types.watch.leave(before)
    return found


def _only_queues(types: Types, wrapper: FunctionNode) -> bool:
    maker = _around(wrapper)
    if maker is None or not _is_sole(maker, wrapper):
        return False
    args = maker.node.args
    wrapped = [arg.arg for arg in (*args.posonlyargs, *args.args)]
    if len(wrapped) != 1 or len(maker.space.names[wrapped[0]]) != 1:
        return False
    nodes = list(walk(maker.node))
    told = {id(each) for node in nodes for each in _told(node)}
    kept = {id(each) for node in nodes for each in _kept(node)}
    read = [id(n) for n in nodes if isinstance(n, ast.Name) and n.id == wrapped[0] and id(n) not in told]
    return all(each in kept for each in read) and (not read or _sends(types, wrapper))


def _around(wrapper: FunctionNode) -> FunctionNode | None:
    """The decorator in which a wrapper is defined."""
    path, inside, _ = wrapper.name.rpartition(".<locals>.")
    maker = wrapper.module.functions.get(path) if inside else None
    return maker if maker is not None and maker.scope is wrapper.space.parent else None


def _is_sole(maker: FunctionNode, wrapper: FunctionNode) -> bool:
    """Whether the decorator gives this wrapper and nothing else, and so what makes the decorator; the wrapper doesn't
    read itself.
    """
    factory = _around(maker)
    names = [n.id for n in walk(wrapper.node) if isinstance(n, ast.Name)]
    return (
        len(maker.results) == 1
        and (factory is None or len(factory.results) == 1)
        and len(maker.space.names[wrapper.node.name]) == 1
        and wrapper.node.name not in names
    )


def _told(node: ast.AST) -> Iterator[ast.expr]:
    """Where a function is only asked for its name, or lends it to the wrapper."""
    match node:
        case ast.Attribute(value=value, attr=attr) if attr in _TOLD:
            yield value
        case ast.Call(func=func, args=args) if last_name(func) in ("wraps", "update_wrapper"):
            yield from args


def _kept(node: ast.AST) -> Iterator[ast.expr]:
    """What becomes an attribute or an entry of something."""
    match node:
        case ast.Call(func=ast.Name(id="setattr"), args=[_, _, value]):
            yield value
        case ast.Assign(value=value) if all(
            isinstance(target, ast.Attribute | ast.Subscript) for target in targets_of(node)
        ):
            yield value


def _sends(types: Types, wrapper: FunctionNode) -> bool:
    """Whether the wrapper, or a function of the project that it calls, sends a task, and nothing looked up is called."""
    calls = [each for each in walk(wrapper.node) if isinstance(each, ast.Call)]
    if not all(isinstance(call.func, ast.Name | ast.Attribute) for call in calls):
        return False
    refs = (types.infer(call.func, wrapper.space) for call in calls)
    below = (types.found.function(ref.name) for ref in refs if ref is not None and ref.kind == "function")
    inner = [n for f in below if f is not None for n in walk(f.node) if isinstance(n, ast.Call)]
    return any(last_name(call.func) in _SENDS for call in (*calls, *inner))
