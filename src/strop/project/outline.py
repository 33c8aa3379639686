"""What of a project is needed to report findings that are known already? No more than can be read at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from strop.project.mark import Mark
from strop.span import Span

if TYPE_CHECKING:
    from strop.project.project import Project


class Outline(Struct, frozen=True):
    """Where functions and classes lie, which comments ignore findings, and how much was read."""

    functions: tuple[Span, ...] = ()
    classes: tuple[Span, ...] = ()
    ignores: tuple[Mark, ...] = ()  # comments that ignore findings
    routes: int = 0  # that somebody wrote: not /docs and the like
    files: int = 0
    lines: int = 0
    resolved: int = 0  # calls whose target is known
    unresolved: int = 0
    unread: tuple[tuple[str, str], ...] = ()  # file, why


def outline(project: Project, noticed_by: str) -> Outline:
    """The outline of a project whose ignoring comments are the marks of the rule `noticed_by`."""
    source = project.source
    return Outline(
        tuple(function.span for function in source.functions.values()),
        tuple(owner.span for owner in source.classes.values()),
        source.marks.get(noticed_by, ()),
        sum(route.span is not None for route in project.imported.routes),
        len(source.modules),
        source.lines,
        source.resolved,
        source.unresolved,
        source.unread,
    )
