"""`strop runs`."""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from strop.faces.cli.options import about_format, about_runs

if TYPE_CHECKING:
    from strop.actions.runs import SavedRun
    from strop.report.runs import RunLine


@click.command("runs")
@about_runs
@about_format("json")
def command(folder: Path, form: str) -> int:
    """List the saved runs of the backend in FOLDER, the newest first.

    They lie in .strop/runs of that folder, which git ignores. Remove what you don't need.
    """
    from rich.console import Console

    from strop.actions.runs import RunsRequest, list_runs
    from strop.report.runs import render_json, write

    lines = [_line(run) for run in list_runs(RunsRequest(folder))]
    if form == "json":
        sys.stdout.write(render_json(lines))
    else:
        write(lines, Console())
    return 0


def _line(run: SavedRun) -> RunLine:
    from strop.faces.cli.written import shown_path
    from strop.report.runs import RunLine

    date = datetime.fromtimestamp(run.when).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    summary = run.summary
    if summary is None:
        return RunLine(run.run, date, run.unreadable.removeprefix(f"run {run.run} "), "", 0, 0)
    report = shown_path(run.report) if run.report else ""
    routes = len(summary.reached)
    return RunLine(run.run, date, summary.app, summary.source, routes, summary.requests, report)
