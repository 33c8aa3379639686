"""What does a person read? A block for each finding: the route first, the chain, the line, why, and the next step.

The same lines go to a terminal, with colours, and to a pipe, without: the same input gives the same text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TextIO

from msgspec import Struct

from strop.finding import Finding, Severity
from strop.report.excerpt import Excerpt
from strop.report.quantity import percent, plural
from strop.report.review.result import Reported, Review, share
from strop.span import Span, Step

LISTED = 3  # routes before "n more"
UNREAD = 5  # files that are named
COLOURS: dict[Severity, str] = {"error": "1;31", "warning": "1;33", "note": "1;36"}
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
BOLD, DIM, MARKED = "1", "2", "1;34"
_WIDEST = 60  # columns of a chain before the place follows on the same line at once


class Piece(Struct, frozen=True):
    """Text and how it is shown: a terminal's code, "" for plain."""

    text: str
    style: str = ""


Line = tuple[Piece, ...]


def write(review: Review, out: TextIO, colours: bool = False, seconds: float | None = None) -> None:
    """Write the review; `seconds` are named where the same text is not expected twice."""
    for line in lines(review, seconds):
        out.write("".join(_shown(piece, colours) for piece in line).rstrip() + "\n")


def lines(review: Review, seconds: float | None = None) -> Iterator[Line]:
    """Every line of the review."""
    review = share(review)
    for entry in review.entries:
        yield from block(entry)
        yield ()
    yield from _unresolved(review.unresolved)
    yield from _unread(review)
    for note in review.notes:
        yield (Piece("note", BOLD), Piece(f"  {note}"))
    yield (Piece(closing(review, seconds), BOLD),)


def block(entry: Reported) -> Iterator[Line]:
    """One finding."""
    finding = entry.finding
    yield (
        Piece(f"{finding.severity}[{finding.code}]", COLOURS[finding.severity]),
        Piece(f" {finding.message}", BOLD),
    )
    yield from _chain(finding)
    if entry.excerpt is not None:
        yield from _excerpt(entry.excerpt)
    for label, text in _facts(finding):
        yield (Piece(f"  {label:<8}", DIM), Piece(f" {text}"))


def closing(review: Review, seconds: float | None = None) -> str:
    """What was found, in how much: "2 errors in 31 routes · 4 files changed since main · 96 % of calls resolved"."""
    number = Counter(entry.finding.severity for entry in review.entries)
    counted = [plural(number[severity], severity) for severity in SEVERITIES if number[severity]]
    parts = [f"{', '.join(counted) or 'no findings'} in {plural(review.routes, 'route')}"]
    if review.changed is None:
        parts.append(f"{plural(review.files, 'file')}")
    else:
        parts.append(f"{plural(review.changed, 'file')} changed since {review.base}")
    if review.calls:
        parts.append(f"{percent(review.resolved / review.calls)} of calls resolved")
    parts += [f"{number:,} {what}" for number, what in _left_out(review)]
    if review.unread:
        parts.append(f"{plural(len(review.unread), 'file')} not read")
    if seconds is not None:
        parts.append(f"{seconds:.1f} s")
    return " · ".join(parts)


def _left_out(review: Review) -> Iterator[tuple[int, str]]:
    kinds: Counter[str] = Counter(entry.suppressed.kind for entry in review.suppressed if entry.suppressed)
    for kind, what in (("comment", "ignored by comments"), ("baseline", "in the baseline")):
        if kinds[kind]:
            yield kinds[kind], what
    if review.hidden:
        yield review.hidden, f"{'note' if review.hidden == 1 else 'notes'} hidden (--notes)"


def _chain(finding: Finding) -> Iterator[Line]:
    """The route and its place, then each call below the one that makes it."""
    steps = _steps(finding)
    texts = ["  " + ("  " * depth + "└ " if depth else "") + step.text for depth, step in enumerate(steps)]
    width = min(max(len(text.rstrip()) for text in texts), _WIDEST)
    for depth, (text, step) in enumerate(zip(texts, steps, strict=True)):
        symbol = f"  {step.span.symbol}" if depth == 0 and step.span.symbol else ""
        place = f"{step.span}{symbol}" if step.span.file else ""
        yield (Piece(text.rstrip().ljust(width), BOLD if depth == 0 else ""), Piece(f"  {place}", DIM))


def _steps(finding: Finding) -> tuple[Step, ...]:
    """The chain from the first route on; only the place where no route is known."""
    if not finding.chain:
        return (Step(finding.routes[0] if finding.routes else "", finding.span),)
    first = finding.chain[0]
    if not finding.routes or first.text in finding.routes or first.text in ("startup", ""):
        return finding.chain
    return (Step(finding.routes[0], Span("", 0)), *finding.chain)


def _excerpt(excerpt: Excerpt) -> Iterator[Line]:
    width = len(str(excerpt.first + len(excerpt.lines) - 1))
    for number, line in enumerate(excerpt.lines, excerpt.first):
        is_marked = number in excerpt.marked
        sign = Piece(f"  {'>' if is_marked else ' '} {number:>{width}} | ", MARKED)
        yield (sign, Piece(line, "" if is_marked else DIM))


def _facts(finding: Finding) -> Iterator[tuple[str, str]]:
    shown = finding.chain[0].text if finding.chain and finding.chain[0].text in finding.routes else ""
    others = [route for route in finding.routes if route != (shown or finding.routes[0])]
    if others:
        yield "also", some(others)
    if finding.places:
        yield "beside", beside(finding)
    yield "why", finding.impact
    if finding.cost.total:
        yield "measured", f"{finding.known}: strop plan says what it costs"
    yield "fix", finding.solution
    yield "explain", f"strop explain {finding.code}"


def beside(finding: Finding) -> str:
    """The other places of the same cause: the first ones, and how many there are more."""
    return some([f"{place} {place.symbol}".rstrip() for place in finding.places])


def some(names: Sequence[str]) -> str:
    """The first names and how many there are more."""
    shown = ", ".join(names[:LISTED])
    return f"{shown} and {len(names) - LISTED} more" if len(names) > LISTED else shown


def _unresolved(steps: tuple[Step, ...]) -> Iterator[Line]:
    if steps:
        yield (Piece(f"{plural(len(steps), 'call')} whose target is not known", BOLD),)
        yield from ((Piece(f"  {step.span}  ", DIM), Piece(step.text)) for step in steps)
        yield ()


def _unread(review: Review) -> Iterator[Line]:
    for file, reason in review.unread[:UNREAD]:
        yield (Piece("not read", COLOURS["error"]), Piece(f"  {file}: {reason}"))
    if len(review.unread) > UNREAD:
        yield (Piece("not read", COLOURS["error"]), Piece(f"  {len(review.unread) - UNREAD} more files"))


def _shown(piece: Piece, colours: bool) -> str:
    return f"\x1b[{piece.style}m{piece.text}\x1b[0m" if colours and piece.style and piece.text else piece.text
