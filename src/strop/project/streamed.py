"""What does a streaming response run in the thread pool: a synchronous generator that it is given, itself or by a name?"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.project.infer import Types
from strop.project.scope import FunctionNode, Scope
from strop.project.spelling import keyword
from strop.project.walk import walk

STREAMS = frozenset(  # these iterate what is synchronous in the thread pool
    {
        "starlette.responses.StreamingResponse",
        "sse_starlette.EventSourceResponse",
        "sse_starlette.sse.EventSourceResponse",
    }
)


def runs_plain(types: Types, content: ast.expr, scope: Scope) -> bool:
    """Whether what is streamed comes from a synchronous function."""
    node = _called(types, content, scope)
    return node is not None and isinstance(node.definition, ast.FunctionDef)


def makes_generator(types: Types, made: ast.Call, scope: Scope) -> bool:
    """Whether a call only makes a synchronous generator."""
    node = _called(types, made, scope)
    return node is not None and node.is_generator and isinstance(node.definition, ast.FunctionDef)


def _called(types: Types, content: ast.expr, scope: Scope) -> FunctionNode | None:
    ref = types.infer(content.func, scope) if isinstance(content, ast.Call) else None
    return types.found.function(ref.name) if ref is not None else None


def streamed(types: Types, body: list[ast.stmt], name: str, scope: Scope) -> bool:
    """Whether every read of the name in a body is the content of a streaming response, and there is one."""
    nodes = [node for statement in body for node in walk(statement)]
    read = [n for n in nodes if isinstance(n, ast.Name) and n.id == name and isinstance(n.ctx, ast.Load)]
    given = {
        id(each) for node in nodes if isinstance(node, ast.Call) for each in _content(types, node, scope)
    }
    return bool(read) and all(id(each) in given for each in read)


def _content(types: Types, call: ast.Call, scope: Scope) -> Iterator[ast.expr]:
    """What a call of a streaming response sends."""
    content = call.args[0] if call.args else keyword(call, "content")
    ref = types.infer(call.func, scope) if isinstance(content, ast.Name) else None
    if content is not None and ref is not None and ref.name in STREAMS:
        yield content
