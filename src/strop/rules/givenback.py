"""Does a session that nobody closes give its connection back all the same? A commit does, when it comes last."""

from __future__ import annotations

import ast

from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project

_ENDS = frozenset({"commit", "rollback"})


def gives_back(body: Body, name: str) -> bool:
    """Whether the last that is done with a session of this name is its commit, whatever was done before."""
    last = _last(body, name)
    above = body.parent(last) if last is not None else None
    return (
        isinstance(above, ast.Attribute)
        and above.attr in _ENDS
        and body.within(above, ast.If, ast.ExceptHandler) is None
    )


def last_use(body: Body, name: str) -> int:
    """The line of the call that gets a session last, 0 where it is used otherwise."""
    last = _last(body, name)
    call = body.parent(last) if last is not None else None
    return call.lineno if isinstance(call, ast.Call) and last in call.args else 0


def _last(body: Body, name: str) -> ast.Name | None:
    uses = [n for n in body.of(ast.Name) if n.id == name and isinstance(n.ctx, ast.Load)]
    return max(uses, key=lambda n: (n.lineno, n.col_offset), default=None)


def commits_below(project: Project, mark: Mark) -> bool:
    """Whether the function that got the session last commits by it."""
    function, line = project.source.functions.get(mark.function), int(mark.fact("last") or 0)
    calls = (c for c in function.calls if c.span.line == line) if function is not None and line else ()
    below = (project.source.functions.get(c.target) for c in calls)
    return any(
        c.effect is not None and c.effect.kind == "commits" for f in below if f is not None for c in f.calls
    )
