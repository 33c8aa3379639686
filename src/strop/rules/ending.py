"""Which lines are the last that a process runs? Nobody waits for what stands before its end."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator

from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.span import Span

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


class Endings:
    """The last lines of one project, by file."""

    def __init__(self, project: Project, rule: str) -> None:
        self._lines: dict[str, list[range]] = defaultdict(list)
        for mark in project.source.marks.get(rule, ()):
            if mark.fact("kind") == _KIND:
                self._lines[mark.span.file].append(range(mark.span.line, int(mark.fact("last")) + 1))

    def has(self, span: Span) -> bool:
        """Whether a call stands before the end of the process."""
        return any(span.line in lines for lines in self._lines.get(span.file, ()))
