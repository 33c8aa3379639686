"""Lines of a project's files that were noted for what they have in common: on a detour, before the process ends."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from strop.project.project import Project
from strop.span import Span


class Stretches:
    """The stretches of one kind, by file: marks of a rule that say their kind and their `last` line."""

    def __init__(self, project: Project, rule: str, kind: str) -> None:
        self._lines: dict[str, list[range]] = defaultdict(list)
        for mark in project.source.marks.get(rule, ()):
            if mark.fact("kind") == kind:
                self._lines[mark.span.file].append(range(mark.span.line, int(mark.fact("last")) + 1))

    def has(self, span: Span) -> bool:
        """Whether a call stands on one."""
        return any(span.line in lines for lines in self._lines.get(span.file, ()))

    def have(self, spans: Iterable[Span]) -> bool:
        """Whether a chain leads over one."""
        return any(map(self.has, spans))
