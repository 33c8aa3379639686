"""What is read in a comment of a pull request? One folded section a finding, the worst first."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from strop.regex import regex
from strop.report.review.result import Reported, Review, share
from strop.report.review.text import beside, block, closing, some

SHOWN = 50  # findings: a comment has a limit
_SIGNS = regex(r"([\\`*_{}\[\]<>|#~])")


def render(review: Review) -> str:
    """The review as Markdown."""
    return "\n".join(lines(share(review))) + "\n"


def lines(review: Review) -> Iterator[str]:
    """Every line of it."""
    yield "## strop review"
    yield ""
    yield escape(closing(review))
    for note in review.notes:
        yield f"\n> {escape(note)}"
    for file, reason in review.unread:
        yield f"\n> **Not read:** {escape(file)}: {escape(reason)}"
    for entry in review.entries[:SHOWN]:
        yield ""
        yield from _finding(entry)
    if len(review.entries) > SHOWN:
        yield f"\n{len(review.entries) - SHOWN} more: `strop review`"


def _finding(entry: Reported) -> Iterator[str]:
    finding = entry.finding
    yield f"<details><summary><b>{finding.severity} {html.escape(finding.code)}</b> {html.escape(finding.message)}</summary>\n"
    if finding.routes:
        yield f"* **routes** {escape(some(finding.routes))}"
    yield f"* **place** {escape(str(finding.span))} {escape(finding.span.symbol)}".rstrip()
    if finding.places:
        yield f"* **beside** {escape(beside(finding))}"
    yield f"* **why** {escape(finding.impact)}"
    yield f"* **fix** {escape(finding.solution)}"
    body = ["".join(piece.text for piece in line).rstrip() for line in block(entry)][1:]
    chain = "\n".join(body[: -_facts(entry)])
    fence = "`" * max(3, 1 + max(map(len, re.findall("`+", chain)), default=0))
    yield f"\n{fence}text\n{chain}\n{fence}\n\nstrop explain {escape(finding.code)}\n\n</details>"


def _facts(entry: Reported) -> int:
    """How many lines at the end of a block are said above it already."""
    finding = entry.finding
    return 3 + (len(finding.routes) > 1) + bool(finding.places) + bool(finding.cost.total)


def escape(text: str) -> str:
    """Text that Markdown shows as it is."""
    return _SIGNS.sub(r"\\\1", text)
