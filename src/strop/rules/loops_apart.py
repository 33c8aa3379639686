"""Which functions run on an event loop of another thread too? What they share, several loops share."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project

_KIND = "begins"
_DEEPEST = 6  # calls below the function that starts a loop
_STARTS = frozenset({
    "asyncio.run", "asyncio.Runner.run", "asyncio.AbstractEventLoop.run_until_complete", "anyio.run", "uvloop.run",
})  # fmt: skip
_WORDS = frozenset(name.rpartition(".")[2] for name in _STARTS)


def beginnings(body: Body, code: str) -> Iterator[Mark]:
    """A mark for a plain function that starts a loop, and for any that hands `asyncio.run` to a thread."""
    nodes: list[ast.Attribute | ast.Name] = [*body.of(ast.Attribute)]
    for node in (*nodes, *body.of(ast.Name)):
        if _word(node) in _WORDS and body.name(node) in _STARTS:
            above = body.parent(node)
            called = isinstance(above, ast.Call) and above.func is node
            if not called or isinstance(body.node, ast.FunctionDef):
                yield body.mark(code, node, kind=_KIND, called=called)


def _word(node: ast.Attribute | ast.Name) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id


def are_on_several(project: Project, marks: list[Mark]) -> frozenset[str]:
    """The functions that a loop of a thread of its own comes to, by id."""
    begun = (mark for mark in marks if mark.fact("kind") == _KIND)
    level = {m.function for m in begun if not m.fact("called") or _is_in_thread(project, m.function)}
    seen = set(level)
    for _ in range(_DEEPEST):
        level = {call.target for one in level for call in project.source.functions.leads(one)} - seen
        seen |= level
    return frozenset(seen)


def _is_in_thread(project: Project, function: str) -> bool:
    """Whether a thread runs a function: one of the pool, or one that is made for it."""
    handed = any(call.off_loop for _, call in project.source.functions.callers(function))
    return handed or any(way.context == "thread" for way in project.reaches.get(function, ()))
