"""What does a person see in the terminal when `strop optimize` ends? A pipe gets one line a fact."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from strop.report import terminal
from strop.report.comparison import compare_routes, solved, unmoved
from strop.report.headline import Figure, figure, figures, prices, proved_gains, sameness, telling
from strop.report.quantity import count, duration, percent, plural
from strop.report.redaction import share
from strop.report.result import Change, Choice, Entry, Proposed, Result
from strop.report.terminal import label_lines, labelled, some, under
from strop.verdict import Behaviour, Verdict

NARROW = 100  # below it a finding takes two lines instead of a row
_STATES: dict[type[Entry], str] = {Change: "kept", Proposed: "proposed", Choice: "choice"}


def write(result: Result, console: Console, report: str = "", folder: str = "") -> None:
    """Write the summary: laid out for the console's width, or plain lines when it is no terminal.

    `report` is the path of the HTML report, as the user should see it; `folder` that of the project, where the
    commands that are named would not find it by themselves.
    """
    layout = [summary(result, console.width, report, folder)]
    terminal.write(console, layout, lines(result, report, folder))


def summary(result: Result, width: int, report: str = "", folder: str = "") -> RenderableType:
    """The summary for a terminal that is `width` columns wide."""
    result = share(result)
    table = _table(result) if width >= NARROW else _stack(result)
    parts: list[RenderableType] = [Text(_title(result), style="bold"), "", labelled(_head(result)), ""]
    parts += [table, ""] if result.entries else []
    parts += [labelled(_foot(result, report, folder))]
    return Group(*parts)


def lines(result: Result, report: str = "", folder: str = "") -> Iterator[str]:
    """The summary as plain lines of any length: label, two spaces, text."""
    result = share(result)
    yield _title(result)
    yield from label_lines(_head(result))
    for entry in result.entries:
        finding = entry.finding
        now, after = _now_and_after(entry)
        cost = f"{now} -> {after}" if after else now
        parts = (
            _STATES[type(entry)],
            finding.id,
            finding.code,
            str(finding.span),
            finding.message,
            cost,
            _verdict(entry).plain,
        )
        yield "  ".join(part for part in parts if part)
    yield from label_lines(_foot(result, report, folder))


def _title(result: Result) -> str:
    target = result.target
    shown = {"fastapi": "FastAPI", "sqlalchemy": "SQLAlchemy", "sqlmodel": "SQLModel"}
    versions = [
        f"{name} {dict(target.versions)[key]}" for key, name in shown.items() if key in dict(target.versions)
    ]
    facts = [target.name, target.app, plural(result.workload.routes, "route"), *versions, target.dialect]
    return f"strop {result.strop}  " + " · ".join(fact for fact in facts if fact)


def _head(result: Result) -> Iterator[tuple[str, str]]:
    workload, noise = result.workload, result.noise
    yield "surface", result.surface
    yield "criteria", result.criteria
    missed = f"  (not reached: {some(workload.missed)})" if workload.missed else ""
    reached = f"{len(workload.reached)} of {plural(workload.routes, 'route')}"
    yield "workload", f"{workload.source} -> {plural(workload.requests, 'request')} over {reached}{missed}"
    same = f"{count(noise.identical)} of {plural(noise.cells, 'request')} identical in two runs"
    yield "A/A", f"{same}, CPU noise ±{percent(noise.cpu)}"
    if result.probe_cost:
        yield "probe", f"{duration(result.probe_cost)} a request, not subtracted"
    yield from under("limits", result.notes)


def _foot(result: Result, report: str, folder: str) -> Iterator[tuple[str, str]]:
    total, kept = len(result.entries), len(result.changes)
    if kept:
        yield "kept", f"{kept} of {total} as commits on {result.branch}  (undo one: git revert <commit>)"
    elif total:
        yield "kept", f"none of {plural(total, 'finding')}"
    if result.verdict:
        yield "branch", _branch(result.verdict)
        for shown in figures(result):
            scope = f", mean request of {shown.scope}" if shown.scope else ""
            yield "", f"{shown.name}{scope}: {_figure(shown)}"
        for shown in prices(result):
            yield "", f"the price, {shown.name.lower()}: {_figure(shown)}"
        yield from under("elsewhere", list(_elsewhere(result)))
        if result.verdict.relaxed:
            yield "relaxed", some([" ".join(place.split()) for place in result.verdict.relaxed])
    yield from under("not proved", result.unproved)
    if report:
        yield "report", report
    if commands := _next(result, folder):
        yield "next", "  ·  ".join(commands)


def _branch(verdict: Verdict) -> str:
    same = sameness(verdict)
    return f"{count(same.same)} of {plural(same.cells, 'answer')} identical, {same.detail}"


def _figure(shown: Figure) -> str:
    return f"{shown.before} -> {shown.after}  {shown.change}  ({shown.sure})"


def _elsewhere(result: Result) -> Iterator[str]:
    """Where a finding and the change that solves it are not the same pair."""
    routes = {change.route: change for change in compare_routes(result)}
    for stays in result.proposals:
        if text := solved(stays, routes):
            yield f"{stays.finding.id} is solved by another change: its routes cost {text}"
    for change in result.changes:
        if text := unmoved(change, routes):
            yield f"{change.finding.id} saves on other requests: its own routes cost {text}"


def _next(result: Result, folder: str) -> tuple[str, ...]:
    """Commands that work as they stand, also from another folder."""
    commands = []
    if result.branch and result.changes:
        git = f"git -C {shlex.quote(folder)}" if folder else "git"
        commands.append(f"{git} diff {result.target.branch or 'main'}...{result.branch}")
    waiting: tuple[Entry, ...] = (*result.choices, *result.proposals, *result.changes)
    if waiting:
        where = f" {shlex.quote(folder)}" if folder else ""
        commands.append(f"strop show {waiting[0].finding.id}{where}")
    return tuple(commands)


def _table(result: Result) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), expand=True, header_style="dim")
    table.add_column("#", no_wrap=True)
    table.add_column("finding", ratio=5)
    table.add_column("routes", justify="right", no_wrap=True)
    table.add_column("costs now", no_wrap=True)
    table.add_column("after", no_wrap=True)
    table.add_column("verdict", ratio=4)
    for entry in result.entries:
        now, after = _now_and_after(entry)
        row = (entry.finding.id, entry.finding.message, str(len(entry.finding.routes)), now, after)
        table.add_row(*map(Text, row), _verdict(entry))
    return table


def _stack(result: Result) -> RenderableType:
    grid = Table.grid(padding=(0, 2, 0, 0), expand=True)
    grid.add_column(no_wrap=True)
    grid.add_column(ratio=1)
    for entry in result.entries:
        now, after = _now_and_after(entry)
        cost = f"{now} -> {after}" if after else now
        grid.add_row(Text(entry.finding.id), Text(entry.finding.message))
        grid.add_row(
            "", Text("  ").join([Text(cost, style="dim"), _verdict(entry)]) if cost else _verdict(entry)
        )
    return grid


def _now_and_after(entry: Entry) -> tuple[str, str]:
    """The most exact proved cost before and after; for what stays, its measured impact."""
    if isinstance(entry, Change):
        gain = telling(entry.verdict)
        if gain is None:
            return "", ""
        shown = figure(gain)
        noun = "" if gain.unit in ("us", "µs", "ms", "s", "bytes") else f" {gain.unit or gain.name}"
        return f"{shown.before}{noun}", shown.after
    cost = entry.finding.cost
    for value, noun in ((cost.queries, "queries"), (cost.rows, "rows")):
        if value:
            return f"{count(value)} {noun}", ""
    spent = cost.blocked or cost.cpu
    return (duration(spent), "") if spent else ("", "")


def _verdict(entry: Entry) -> Text:
    match entry:
        case Change():
            good = entry.verdict.behaviour in (Behaviour.IDENTICAL, Behaviour.UNSPECIFIED)
            text = Text(str(entry.verdict.behaviour), style="green" if good else "yellow")
            gain = next(_gains_for_verdict(entry.verdict), "")
            return text.append(f"  {gain}", style="default") if gain else text
        case Choice():
            return Text(f"your choice of {plural(len(entry.item.options), 'option')}", style="yellow")
        case _:
            return Text(f"not kept: {entry.reason}", style="dim")


def _gains_for_verdict(verdict: Verdict) -> Iterator[str]:
    """CPU first; a count stands beside it already, so its change alone is said."""
    gains = proved_gains(verdict)
    for gain in sorted(gains, key=lambda gain: gain.name != "cpu"):
        shown = figure(gain)
        if gain.name == "blocked" and gain.after == 0:
            yield "loop free"
        elif gain.name == "cpu":
            yield f"CPU {shown.change} ({shown.bound})"
        else:
            yield shown.change
