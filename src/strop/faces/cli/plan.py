"""`strop plan`."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from strop.faces.cli.options import about_format, about_runs, complete_run


@click.command("plan")
@click.argument("run", default="last", shell_complete=complete_run)
@about_runs
@about_format("json")
def command(run: str, folder: Path, form: str) -> int:
    """Say what to do first: the findings of RUN (default: the last one) by what they cost.

    \b
    strop plan               of the last run in this folder
    strop plan 6f2c          of the run whose id begins so (strop runs lists them)
    strop plan last shop     of the last run in the folder shop
    """
    from rich.console import Console

    from strop.actions.plan import PlanRequest, read_plan
    from strop.report.plan import render_json, write

    planned = read_plan(PlanRequest(folder, run)).plan
    if form == "json":
        sys.stdout.write(render_json(planned))
    else:
        write(planned, Console())
    return 1 if planned.items else 0
