"""What does `strop runs` list? The saved runs of a project, the newest first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import msgspec
from msgspec import Struct
from rich.console import Console
from rich.text import Text

from strop.report import terminal
from strop.report.quantity import count
from strop.report.redaction import clean
from strop.report.result import SCHEMA


class RunLine(Struct, frozen=True):
    """One saved run; `date` is what its folder says, as ISO text that sorts."""

    run: str
    date: str
    app: str
    source: str
    routes: int
    requests: int
    report: str = ""  # path of its report, "" without one


class RunList(Struct, frozen=True):
    """Saved runs for a program."""

    schema: int
    runs: tuple[RunLine, ...]


def write(runs: Sequence[RunLine], console: Console) -> None:
    """Write the list."""
    ordered = _newest_first(runs)
    table = terminal.columns(
        "run",
        "date",
        "app",
        "workload",
        "routes",
        "requests",
        "report",
        right=("routes", "requests"),
        wide="report",
    )
    for run in ordered:
        table.add_row(*map(Text, _cells(run)))
    layout = [table] if ordered else [Text("no runs yet: strop measure")]
    terminal.write(console, layout, lines(ordered))


def lines(runs: Sequence[RunLine]) -> Iterator[str]:
    """The list as plain lines, separated by tabs."""
    return ("\t".join(_cells(run)) for run in _newest_first(runs))


def render_json(runs: Sequence[RunLine]) -> str:
    """The list as indented JSON."""
    found = RunList(SCHEMA, _newest_first(runs))
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode() + "\n"


def _newest_first(runs: Sequence[RunLine]) -> tuple[RunLine, ...]:
    return clean(tuple(sorted(sorted(runs, key=lambda run: run.run), key=lambda run: run.date, reverse=True)))


def _cells(run: RunLine) -> tuple[str, ...]:
    return (run.run, run.date, run.app, run.source, count(run.routes), count(run.requests), run.report)
