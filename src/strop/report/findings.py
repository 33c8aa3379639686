"""What does `strop review` say? A block for each finding: the route first, the chain, why, the next step.

The same blocks serve `strop measure`, which adds what each cause costs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec
from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from strop.finding import Finding, Severity
from strop.report import terminal
from strop.report.card import cost_texts
from strop.report.quantity import plural
from strop.report.redaction import clean
from strop.report.result import SCHEMA
from strop.report.terminal import some

COLOURS: dict[Severity, str] = {"error": "bold red", "warning": "bold yellow", "note": "bold cyan"}


@dataclass(frozen=True, slots=True)
class FindingEntry:
    """A finding with its id."""

    id: str
    finding: Finding


@dataclass(frozen=True, slots=True)
class FindingList:
    """Findings for a program, with what was looked at."""

    schema: int
    findings: tuple[FindingEntry, ...]
    facts: tuple[str, ...]


def write(findings: Sequence[Finding], console: Console, facts: Sequence[str] = ()) -> None:
    """Write a block for each finding and a closing line; `facts` are added to it ("96 % resolved")."""
    findings, facts = clean(tuple(findings)), clean(tuple(facts))
    layout: list[RenderableType] = []
    for finding in findings:
        layout += [_headline(finding), _block(finding), ""]
    terminal.write(console, [*layout, Text(closing(findings, facts))], lines(findings, facts))


def lines(findings: Sequence[Finding], facts: Sequence[str] = ()) -> Iterator[str]:
    """The blocks as plain lines, separated by empty ones."""
    for finding in findings:
        yield f"{finding.severity}[{finding.code}] {finding.message}"
        for text, place in _places(finding):
            yield f"  {text}  {place}".rstrip()
        yield from (f"  {label}  {text}" for label, text in _facts(finding))
        yield ""
    yield closing(findings, facts)


def render_json(findings: Sequence[Finding], facts: Sequence[str] = ()) -> str:
    """The findings as indented JSON."""
    found = FindingList(SCHEMA, entries(clean(tuple(findings))), clean(tuple(facts)))
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n"


def entries(findings: Sequence[Finding]) -> tuple[FindingEntry, ...]:
    """Findings with their ids, for JSON."""
    return tuple(FindingEntry(finding.id, finding) for finding in findings)


def closing(findings: Sequence[Finding], facts: Sequence[str] = ()) -> str:
    """How many there are of each severity, and on how many routes."""
    number = Counter(finding.severity for finding in findings)
    severities: tuple[Severity, ...] = ("error", "warning", "note")
    counted = [plural(number[severity], severity) for severity in severities if number[severity]]
    routes = len({route for finding in findings for route in finding.routes})
    reached = f" on {plural(routes, 'route')}" if routes else ""
    return " · ".join([(", ".join(counted) or "no findings") + reached, *facts])


def _headline(finding: Finding) -> Text:
    text = Text(f"{finding.severity}[{finding.code}]", style=COLOURS[finding.severity])
    return text.append(f" {finding.message}", style="bold not dim default")


def _block(finding: Finding) -> RenderableType:
    grid = Table.grid(padding=(0, 2, 0, 0), expand=True)
    grid.add_column(ratio=3)
    grid.add_column(ratio=2, style="dim")
    for text, place in _places(finding):
        grid.add_row(Text(f"  {text}"), Text(place))
    facts = terminal.labelled((f"  {label}", text) for label, text in _facts(finding))
    outer = Table.grid(expand=True)
    outer.add_row(grid)
    outer.add_row(facts)
    return outer


def _places(finding: Finding) -> Iterator[tuple[str, str]]:
    """The route and its place, then each call below the one that makes it."""
    route = finding.routes[0] if finding.routes else "no route"
    if not finding.chain:
        yield route, _place(finding.span.file, finding.span.line, finding.span.symbol)
        return
    first, *rest = finding.chain
    yield route, f"{first.span}  {first.text}"
    for depth, step in enumerate(rest, 1):
        yield f"{'  ' * depth}└ {step.text}", str(step.span)


def _place(file: str, line: int, symbol: str) -> str:
    return f"{file}:{line}  {symbol}".rstrip()


def _facts(finding: Finding) -> Iterator[tuple[str, str]]:
    if len(finding.routes) > 1:
        yield "also from", some(finding.routes[1:])
    yield "why", finding.impact
    if costs := cost_texts(finding.cost):
        yield "costs", ", ".join(map(" ".join, costs))
    yield "fix", finding.solution
    yield "explain", f"strop explain {finding.code}"
