"""What a patch says of itself, with the finding's numbers."""

from __future__ import annotations

import textwrap

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
        (cost.queries, "{:g} statements"),
        (cost.rows, "{:g} needless rows"),
        (cost.cpu / 1000, "{:g} ms of CPU"),
        (cost.blocked / 1000, "{:g} ms of blocked event loop"),
        (cost.threads, "{:g} hops to the thread pool"),
    ]
    said = [text.format(float(f"{amount:.3g}")) for amount, text in amounts if amount]
    if not said or finding.known == "static":
        return ""
    return f"Measured: {_listed(said)} a request on {_routes(finding)}."


def _listed(items: list[str]) -> str:
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def _routes(finding: Finding) -> str:
    shown = list(finding.routes[:3]) or ["its routes"]
    more = len(finding.routes) - 3
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "")


def subject(text: str) -> str:
    """A commit's subject: one line of at most 72 characters."""
    return text if len(text) <= WIDTH else text[: WIDTH - 3].rstrip() + "..."
