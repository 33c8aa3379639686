"""What a patch says of itself, with the finding's numbers."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from strop.finding import Finding

WIDTH = 72


def why(finding: Finding, *paragraphs: str) -> str:
    """The body of a commit: what was found, with its numbers, then the paragraphs."""
    parts = [f"{finding.code} {finding.slug}: {finding.message}".rstrip(": "), numbers(finding), *paragraphs]
    return "\n\n".join(textwrap.fill(part, WIDTH, break_long_words=False) for part in parts if part)


def numbers(finding: Finding) -> str:
    """What the cause costs, where it was measured; "" otherwise."""
    cost = finding.cost
    amounts = [
        (cost.queries, "statements"),
        (cost.rows, "needless rows"),
        (cost.cpu / 1000, "ms of CPU"),
        (cost.blocked / 1000, "ms of blocked event loop"),
        (cost.threads, "hops to the thread pool"),
    ]
    said = [f"{float(f'{amount:.3g}'):,.12g} {noun}" for amount, noun in amounts if amount]
    if not said or finding.known == "static":
        return ""
    return f"Measured: {_listed(said)} a request on {_routes(finding)}."


def _listed(items: list[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def _routes(finding: Finding) -> str:
    shown = list(finding.routes[:3]) or ["its routes"]
    more = len(finding.routes) - 3
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def names(texts: Sequence[str], most: int | None = None) -> str:
    """All the names, or the first `most` and how many more: "Product.images and 2 more"."""
    shown = list(texts[:most])
    if len(shown) < len(texts):
        shown.append(f"{len(texts) - len(shown)} more")
    return _listed(shown)


def subject(*texts: str) -> str:
    """A commit's subject: the first wording that fits into a line of 72 characters.

    Where none does, the last one ends after a whole word.
    """
    fitting = (text for text in texts if len(text) <= WIDTH)
    return next(fitting, "") or textwrap.wrap(texts[-1], WIDTH)[0]
