"""What does GitHub show beside the lines of a pull request? One workflow command a finding."""

from __future__ import annotations

from collections.abc import Iterator

from strop.report.review.result import Reported, Review, share
from strop.report.review.text import closing

_COMMANDS = {"error": "error", "warning": "warning", "note": "notice"}


def render(review: Review) -> str:
    """The review as workflow commands and a closing line."""
    return "\n".join(lines(share(review))) + "\n"


def lines(review: Review) -> Iterator[str]:
    """A command a finding, one for each file that could not be read, and what was found in all."""
    for entry in review.entries:
        yield _finding(entry, review.prefix)
    for file, reason in review.unread:
        yield f"::error file={_property(review.prefix + file)},title=not read::{_data(reason)}"
    for note in review.notes:
        yield f"::notice::{_data(note)}"
    yield closing(review)


def _finding(entry: Reported, prefix: str) -> str:
    finding, span = entry.finding, entry.finding.span
    place = f"file={_property(prefix + span.file)},line={max(span.line, 1)},endLine={max(span.line, span.end_line, 1)}"
    route = f"{finding.routes[0]}: " if finding.routes else ""
    text = f"{route}{finding.message}\n{finding.impact}\nfix: {finding.solution}"
    return f"::{_COMMANDS[finding.severity]} {place},title={_property(f'{finding.code} {finding.slug}')}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
