"""What does `strop show RUN` say? The evidence alone: routes by cost, the dearest lines, blocks, findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from rich.console import Console, RenderableType
from rich.text import Text

from strop.evidence import Block, Evidence, LineCost, RouteCost
from strop.finding import Finding
from strop.report import terminal
from strop.report.document import Observation, observe
from strop.report.quantity import count, duration, percent, plural, size
from strop.report.redaction import clean
from strop.report.result import SCHEMA

ROUTES, LINES, BLOCKS, FINDINGS = 15, 10, 5, 10
NOWHERE = "a library alone"  # no line of the application caused it


class Stall(Struct, frozen=True):
    """The event loop stood still on one line: how often, how long in all (us), and how it got there."""

    route: str
    times: int
    duration: int
    stack: tuple[str, ...]  # places, innermost first
    name: str


class FindingEntry(Struct, frozen=True):
    """A finding with its id."""

    id: str
    finding: Finding


class RunDocument(Struct, frozen=True):
    """A run for a program; single exchanges stay in the run's `evidence.json`."""

    schema: int
    app: str
    dialect: str
    requests: int
    reached: tuple[str, ...]
    missed: tuple[str, ...]
    versions: tuple[tuple[str, str], ...]
    observation: Observation
    stalls: tuple[Stall, ...]
    findings: tuple[FindingEntry, ...]


def write(evidence: Evidence, findings: Sequence[Finding], console: Console) -> None:
    """Write the run with what the rules say of it."""
    stalls = find_stalls(evidence)
    evidence, findings = _cleaned(evidence), clean(tuple(findings))
    layout: list[RenderableType] = [terminal.labelled(_head(evidence)), "", _routes(evidence.routes)]
    for title, table in (
        ("lines that cost most", _lines(evidence.lines)),
        ("event loop blocked", _stalls(stalls)),
        ("findings", _findings(findings)),
    ):
        layout += ["", Text(title, style="bold"), table] if table else []
    layout += ["", terminal.labelled(_foot(evidence, findings))]
    terminal.write(console, layout, lines(evidence, stalls, findings))


def lines(evidence: Evidence, stalls: Sequence[Stall], findings: Sequence[Finding]) -> Iterator[str]:
    """The run as plain lines, every route and line of it."""
    yield from terminal.label_lines(_head(evidence))
    for cost in _by_share(evidence.routes):
        yield "  ".join(("route", cost.route, *_route_cells(cost)))
    for line in _by_duration(evidence.lines):
        yield "  ".join(("line", str(line.span) or NOWHERE, *_line_cells(line)))
    for stall in stalls:
        times = plural(stall.times, "time")
        yield "  ".join(("blocked", stall.route, times, duration(stall.duration), _way(stall)))
    for finding in findings:
        yield f"finding  {finding.id}  {finding.code}  {finding.span}  {finding.message}"
    yield from terminal.label_lines(_foot(evidence, findings))


def render_json(evidence: Evidence, findings: Sequence[Finding] = ()) -> str:
    """The run as indented JSON."""
    stalls = find_stalls(evidence)
    requests = _requests(evidence)
    evidence = _cleaned(evidence)
    found = RunDocument(
        schema=SCHEMA,
        app=evidence.app,
        dialect=evidence.dialect,
        requests=requests,
        reached=evidence.reached,
        missed=evidence.missed,
        versions=evidence.versions,
        observation=observe(evidence),
        stalls=stalls,
        findings=tuple(FindingEntry(finding.id, finding) for finding in clean(tuple(findings))),
    )
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n"


def find_stalls(evidence: Evidence) -> tuple[Stall, ...]:
    """Stalls of the loop by route and innermost line, the longest in all first; without secrets."""
    times: Counter[tuple[str, str, str]] = Counter()
    spent: Counter[tuple[str, str, str]] = Counter()
    sample: dict[tuple[str, str, str], Block] = {}
    for exchange in evidence.exchanges:
        for block in exchange.blocks:
            key = (exchange.route, str(block.stack[0]) if block.stack else "", block.name)
            times[key] += 1
            spent[key] += block.duration
            sample.setdefault(key, block)
    found = (
        Stall(key[0], times[key], spent[key], tuple(map(str, sample[key].stack)), key[2]) for key in sample
    )
    return clean(tuple(sorted(found, key=lambda stall: (-stall.duration, stall.route, stall.stack))))


def _cleaned(evidence: Evidence) -> Evidence:
    return replace(clean(replace(evidence, exchanges=())), exchanges=())


def _requests(evidence: Evidence) -> int:
    return sum(cost.requests for cost in evidence.routes)


def _head(evidence: Evidence) -> Iterator[terminal.Pair]:
    yield "run", evidence.run
    versions = (f"{name} {version}" for name, version in evidence.versions)
    facts = (evidence.app, evidence.dialect, *versions)
    yield "target", " · ".join(fact for fact in facts if fact)
    total = len(evidence.reached) + len(evidence.missed)
    missed = f"  (not reached: {terminal.some(evidence.missed)})" if evidence.missed else ""
    reached = f"{len(evidence.reached)} of {plural(total, 'route')}"
    yield "workload", f"{evidence.source}: {plural(_requests(evidence), 'request')} over {reached}{missed}"
    if evidence.sizes:
        yield (
            "tables",
            terminal.some([f"{table.table} {plural(table.rows, 'row')}" for table in evidence.sizes]),
        )
    if evidence.probe_cost:
        yield "probe", f"{duration(evidence.probe_cost)} a request, not subtracted"
    yield from terminal.under("limits", evidence.notes)


def _foot(evidence: Evidence, findings: Sequence[Finding]) -> Iterator[terminal.Pair]:
    next_one = f"strop show {findings[0].id}  ·  " if findings else ""
    yield "next", f"{next_one}strop plan  ·  strop show {evidence.run} --format json"


def _by_share(routes: Sequence[RouteCost]) -> list[RouteCost]:
    return sorted(routes, key=lambda cost: (-cost.share, cost.route))


def _by_duration(costs: Sequence[LineCost]) -> list[LineCost]:
    return sorted(costs, key=lambda line: (-line.duration, -line.queries, line.span))


def _route_cells(cost: RouteCost) -> tuple[str, ...]:
    return (
        percent(cost.share),
        plural(cost.requests, "request"),
        f"{count(cost.queries)} queries",
        f"{count(cost.rows)} rows",
        f"{duration(cost.cpu)} CPU",
        f"blocked {duration(cost.blocked)}",
        size(cost.response_bytes),
    )


def _routes(routes: Sequence[RouteCost]) -> RenderableType:
    names = ("share", "requests", "queries", "max", "rows", "CPU", "blocked", "answer")
    table = terminal.columns("route", *names, right=names, wide="route")
    ordered = _by_share(routes)
    for cost in ordered[:ROUTES]:
        row = (
            cost.route,
            percent(cost.share),
            count(cost.requests),
            count(cost.queries),
            count(cost.queries_max),
            count(cost.rows),
            duration(cost.cpu),
            duration(cost.blocked) if cost.blocked else "",
            size(cost.response_bytes),
        )
        table.add_row(*map(Text, row))
    if len(ordered) > ROUTES:
        table.add_row(Text(f"{len(ordered) - ROUTES} more: --format json", style="dim"))
    return table


def _line_cells(line: LineCost) -> tuple[str, ...]:
    cause = f"lazy load of {line.relationship}" if line.relationship else " ".join(line.statement.split())
    return (
        plural(line.queries, "query", "queries"),
        plural(line.rows, "row"),
        duration(line.duration),
        cause[:120],
    )


def _lines(costs: Sequence[LineCost]) -> RenderableType | None:
    if not costs:
        return None
    table = terminal.columns(
        "line", "queries", "rows", "time", "by", right=("queries", "rows", "time"), wide="by"
    )
    for line in _by_duration(costs)[:LINES]:
        *_, cause = _line_cells(line)
        row = (
            str(line.span) or NOWHERE,
            count(line.queries),
            count(line.rows),
            duration(line.duration),
            cause,
        )
        table.add_row(*map(Text, row))
    return table


def _way(stall: Stall) -> str:
    return " < ".join((stall.name, *stall.stack) if stall.name else stall.stack) or "where is not known"


def _stalls(stalls: Sequence[Stall]) -> RenderableType | None:
    if not stalls:
        return None
    table = terminal.columns("route", "times", "in all", "in", right=("times", "in all"), wide="in")
    for stall in stalls[:BLOCKS]:
        table.add_row(*map(Text, (stall.route, count(stall.times), duration(stall.duration), _way(stall))))
    return table


def _findings(findings: Sequence[Finding]) -> RenderableType | None:
    if not findings:
        return None
    table = terminal.columns(
        "id", "code", "finding", "where", "in this run", right=("in this run",), wide="finding"
    )
    for finding in findings[:FINDINGS]:
        total = duration(finding.cost.total) if finding.cost.total else ""
        table.add_row(*map(Text, (finding.id, finding.code, finding.message, str(finding.span), total)))
    return table
