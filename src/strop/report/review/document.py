"""What does a program read? The review as one JSON document with a version; its keys are listed in docs/review.md."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from strop.finding import Severity
from strop.report.review.result import SCHEMA, Reported, Review, share
from strop.span import Step


class StepDocument(Struct, frozen=True):
    """A link of the chain from the route to the cause."""

    text: str
    file: str
    line: int
    symbol: str


class PlaceDocument(Struct, frozen=True):
    """Where else the same cause stands."""

    file: str
    line: int
    symbol: str


class SuppressionDocument(Struct, frozen=True):
    """Why a finding is not reported."""

    kind: str  # comment, baseline
    reason: str
    place: str


class FindingDocument(Struct, frozen=True):
    """One finding; paths are relative to the folder that was reviewed."""

    code: str
    slug: str
    domain: str
    severity: Severity
    confidence: float
    known: str
    file: str
    line: int
    end_line: int
    symbol: str
    routes: tuple[str, ...]
    chain: tuple[StepDocument, ...]
    message: str
    impact: str
    solution: str
    fingerprint: str
    suppressed: SuppressionDocument | None = None
    places: tuple[PlaceDocument, ...] = ()


class UnreadDocument(Struct, frozen=True):
    """A file that could not be read, and why."""

    file: str
    reason: str


class SummaryDocument(Struct, frozen=True):
    """What was looked at."""

    routes: int
    files: int
    lines: int
    changed: int | None
    base: str
    calls: int
    resolved: int
    unread: tuple[UnreadDocument, ...]
    hidden: int  # notes that were not asked for
    notes: tuple[str, ...]


class ReviewDocument(Struct, frozen=True):
    """The whole review. `unresolved` is filled with --strict alone."""

    schema: int
    strop: str
    findings: tuple[FindingDocument, ...]
    suppressed: tuple[FindingDocument, ...]
    summary: SummaryDocument
    unresolved: tuple[StepDocument, ...]


def render(review: Review) -> str:
    """The review as indented JSON."""
    data = msgspec.json.encode(document(review))
    return msgspec.json.format(data, indent=1).decode() + "\n"


def document(review: Review) -> ReviewDocument:
    """The review as plain values, without secrets."""
    review = share(review)
    return ReviewDocument(
        SCHEMA,
        review.strop,
        tuple(map(_finding, review.entries)),
        tuple(map(_finding, review.suppressed)),
        _summary(review),
        tuple(map(_step, review.unresolved)),
    )


def _finding(entry: Reported) -> FindingDocument:
    finding, span = entry.finding, entry.finding.span
    why = entry.suppressed
    return FindingDocument(
        finding.code,
        finding.slug,
        finding.domain,
        finding.severity,
        finding.confidence,
        finding.known,
        span.file,
        span.line,
        max(span.line, span.end_line),
        span.symbol,
        finding.routes,
        tuple(map(_step, finding.chain)),
        finding.message,
        finding.impact,
        finding.solution,
        entry.fingerprint,
        SuppressionDocument(why.kind, why.reason, why.place) if why is not None else None,
        tuple(PlaceDocument(place.file, place.line, place.symbol) for place in finding.places),
    )


def _step(step: Step) -> StepDocument:
    return StepDocument(step.text, step.span.file, step.span.line, step.span.symbol)


def _summary(review: Review) -> SummaryDocument:
    return SummaryDocument(
        review.routes,
        review.files,
        review.lines,
        review.changed,
        review.base,
        review.calls,
        review.resolved,
        tuple(UnreadDocument(file, reason) for file, reason in review.unread),
        review.hidden,
        review.notes,
    )
