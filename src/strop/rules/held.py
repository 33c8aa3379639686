"""Findings at calls that hold the event loop, by the source alone."""

from __future__ import annotations

from collections.abc import Iterator

from strop.finding import Finding, Severity
from strop.rules.burden import Hold
from strop.rules.draft import draft
from strop.rules.rule import Rule
from strop.rules.standstill import Standstill, entry
from strop.rules.wording import many
from strop.span import Span

_SEVERITY: tuple[Severity, ...] = ("error", "warning", "warning", "note")
_CONFIDENCE = (0.85, 0.55, 0.55, 0.35)


def severity(hold: Hold) -> Severity:
    """What it does to the service that the loop makes this call itself."""
    return _SEVERITY[hold.weight]


def confidence(hold: Hold) -> float:
    """How sure it is that others wait for it."""
    return _CONFIDENCE[hold.weight]


def held(rule: Rule, still: Standstill, kind: str, *, impact: str, solution: str) -> Iterator[Finding]:
    """One finding for each cause whose calls have an effect of this kind."""
    for cause in still.causes(kind):
        hold = cause.hold
        also = f"; so do calls in {many(len(cause.others), 'function')} beside it" if cause.others else ""
        yield draft(
            rule,
            Span(hold.call.span.file, hold.call.span.line, cause.function.span.symbol),
            cause.routes,
            message=f"{hold.call.name} {hold.effect.note} on the event loop{also}",
            impact=impact,
            solution=solution,
            known="static",
            confidence=confidence(hold),
            chain=cause.chain,
            facts={
                "call": hold.call.text,
                "function": cause.function.id,
                "handler": entry(still.project, cause.chain),
            },
            severity=severity(hold),
            places=cause.others,
        )
