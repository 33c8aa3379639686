"""Which comments of the source ignore which findings?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

from strop.finding import Finding
from strop.project.ignores import Ignore
from strop.project.mark import Mark
from strop.span import Span

if TYPE_CHECKING:
    from strop.project.outline import Outline
    from strop.project.project import Project

NOTICED_BY = "STR001"  # whose marks they are
_LONGEST = 40  # lines: what is longer is no statement, and a comment inside it is not about it

Place = tuple[str, Ignore]  # file and comment


def noted(ignore: Ignore) -> dict[str, object]:
    """The comment as facts of a mark."""
    facts = {"codes": ",".join(ignore.codes), "reason": ignore.reason}
    return facts | {"first": ignore.first, "last": ignore.last}


def read_mark(mark: Mark) -> Place:
    """The comment of a mark, with its file."""
    codes = tuple(filter(None, mark.fact("codes").split(",")))
    first, last = int(mark.fact("first")), int(mark.fact("last"))
    return mark.span.file, Ignore(mark.span.line, codes, mark.fact("reason"), first, last)


def places(project: Project) -> tuple[Place, ...]:
    """Every such comment of the project, by file and line."""
    return tuple(read_mark(mark) for mark in project.source.marks.get(NOTICED_BY, ()))


class Ignores:
    """Answers which comment ignores a finding; `more` are comments of files that are not Python."""

    def __init__(self, outline: Outline, more: Iterable[Place] = ()) -> None:
        self._by_file: dict[str, list[Ignore]] = defaultdict(list)
        for file, ignore in (*map(read_mark, outline.ignores), *more):
            self._by_file[file].append(ignore)
        self._heads: dict[str, list[Span]] = defaultdict(list)
        for span in (*outline.functions, *outline.classes):
            if span.file in self._by_file and not span.symbol.startswith("<"):
                self._heads[span.file].append(span)

    def of(self, finding: Finding) -> Ignore | None:
        """The comment that ignores the finding; None when none does."""
        return next(iter(self.all_of(finding)), None)

    def all_of(self, finding: Finding) -> tuple[Ignore, ...]:
        """Every comment that ignores the finding."""
        found = (ignore for ignore in self._by_file.get(finding.span.file, ()) if _names(ignore, finding))
        return tuple(ignore for ignore in found if self._covers(ignore, finding.span))

    def _covers(self, ignore: Ignore, span: Span) -> bool:
        last = max(span.line, span.end_line)
        if last - span.line > _LONGEST or self._is_whole(span):
            last = span.line
        if ignore.first <= last and span.line <= ignore.last:
            return True
        heads = (h for h in self._heads[span.file] if ignore.first <= h.line <= ignore.last)
        return any(head.line <= span.line <= head.end_line for head in heads)

    def _is_whole(self, span: Span) -> bool:
        return any(
            (head.line, head.end_line) == (span.line, span.end_line) for head in self._heads[span.file]
        )


def _names(ignore: Ignore, finding: Finding) -> bool:
    return any(code.upper() == finding.code or code.lower() == finding.slug for code in ignore.codes)
