"""Which lines are the last that a process runs? Nobody waits for what stands before its end."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.stretches import Stretches

_ENDS = frozenset(
    {"exit", "_exit", "abort", "execv", "execve", "execvp", "execvpe", "execl", "execle", "execlp"}
)
_OWNERS = ("sys.", "os.")
WORDS = _ENDS
_KIND = "end"


def endings(body: Body, rule: str) -> Iterator[Mark]:
    """A mark for each block that ends the process with one of its own statements, up to there."""
    for call in body.calls(*_ENDS):
        statement = body.parent(call)
        if not isinstance(statement, ast.Expr) or not body.name(call.func).startswith(_OWNERS):
            continue
        block = getattr(body.parent(statement), "body", None)
        if isinstance(block, list) and statement in block and not isinstance(body.node, ast.Module):
            yield body.mark(rule, block[0], kind=_KIND, last=statement.end_lineno)


class Endings(Stretches):
    """The last lines of one project, by file."""

    def __init__(self, project: Project, rule: str) -> None:
        super().__init__(project, rule, _KIND)
