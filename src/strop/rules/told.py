"""Findings at marks: with the routes that reach the function around the mark, and the chain to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from strop.finding import Finding, Severity
from strop.project.function import Context, Reach
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.aside import is_aside
from strop.rules.code import reaches
from strop.rules.draft import draft
from strop.rules.rule import Rule
from strop.span import Span, Step

SERVED: tuple[Context, ...] = ("loop", "thread", "serialization", "background")


def marks(project: Project, rule: Rule, kind: str = "") -> Iterator[Mark]:
    """What the rule noticed; with `kind`, the marks whose fact "kind" is this."""
    for mark in project.source.marks.get(rule.code, ()):
        if mark.fact("kind") == kind:
            yield mark


def ways_to(project: Project, function: str) -> list[Reach]:
    """The ways from routes to a function, in any context of a request, the shortest first."""
    return reaches(project, function, SERVED)


def is_reached(project: Project, function: str) -> bool:
    """Whether any route leads to a function, in any context of a request; cheaper than its ways."""
    return any(way.route and way.context in SERVED for way in project.reaches.get(function, ()))


def tell(
    rule: Rule,
    mark: Mark,
    ways: Iterable[Reach],
    *,
    message: str,
    impact: str,
    solution: str,
    confidence: float,
    severity: Severity | None = None,
    places: Iterable[Span] = (),
    **facts: object,
) -> Finding:
    """A finding at a mark, with these ways as its routes and the first of them as its chain; `places` are of the same cause.

    In an example or a script that no route reaches it is a note.
    """
    found = list(ways)
    chain = found[0].chain if found else ()
    beside = not found and is_aside(mark.span.file)
    last = Step(mark.fact("text") or message, mark.span)
    return draft(
        rule,
        mark.span,
        (way.route for way in found),
        message=message,
        impact=impact,
        solution=solution,
        known="static",
        confidence=confidence,
        chain=(*chain, last) if chain else (),
        facts={"text": mark.fact("text")} | facts,
        severity="note" if beside else severity,
        places=places,
    )
