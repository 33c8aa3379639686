"""Findings from what a rule has seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from strop.finding import Cost, Finding, Known, Severity
from strop.rules.rule import Rule
from strop.span import Span, Step


def draft(
    rule: Rule,
    span: Span,
    routes: Iterable[str],
    *,
    message: str,
    impact: str,
    solution: str,
    known: Known,
    confidence: float,
    chain: Iterable[Step] = (),
    cost: Cost | None = None,
    facts: Mapping[str, object] | None = None,
    severity: Severity | None = None,
    places: Iterable[Span] = (),
) -> Finding:
    """A finding of this rule; `facts` may have values of any type, empty ones are left out."""
    pairs = ((name, str(value)) for name, value in (facts or {}).items() if value not in ("", None))
    return Finding(
        code=rule.code,
        slug=rule.slug,
        domain=rule.domain,
        severity=severity or rule.severity,
        confidence=confidence,
        known=known,
        span=span,
        routes=tuple(sorted(set(routes))),
        message=message,
        impact=impact,
        solution=solution,
        chain=tuple(chain),
        cost=cost or Cost(),
        facts=tuple(sorted(pairs)),
        places=tuple(places),
    )
