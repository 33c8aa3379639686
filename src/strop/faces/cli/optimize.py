"""`strop optimize`."""

from __future__ import annotations

import math
from pathlib import Path

import click

from strop.faces.cli.options import about_output, about_target, about_workload, target_of, workload_of


def _minutes(_: click.Context, __: click.Parameter, value: float) -> float:
    if math.isnan(value):
        raise click.BadParameter("nan is no number of minutes")
    return value


@click.command("optimize")
@about_target
@about_workload
@click.option("--branch", default="", help="Name of the new branch (default: strop/COMMIT).")
@click.option(
    "--minutes",
    type=click.FloatRange(min=0),
    callback=_minutes,
    default=60.0,
    show_default=True,
    help="Minutes of trying fixes; then what was kept is proved.",
)
@click.option(
    "--most", type=click.IntRange(min=0), default=40, show_default=True, help="Findings that are tried."
)
@click.option("--no-latency", is_flag=True, help="Leave out the measurement under uvicorn.")
@about_output("json", "markdown")
def command(
    folder: Path,
    app: str | None,
    factory: bool,
    python: str | None,
    environ: tuple[tuple[str, str], ...],
    login: tuple[str, str, str] | None,
    head: bool,
    workload: str,
    har: Path | None,
    outbound: Path | None,
    access_log: Path | None,
    branch: str,
    minutes: float,
    most: int,
    no_latency: bool,
    form: str,
    quiet: bool,
) -> int:
    """Measure, find, fix and prove, unattended; ends with a branch of small commits and a report.

    The application in FOLDER runs in a safe copy: your tree, your branch and your database stay as
    they are. Every fix that is kept gives the same answers and the same rows, and costs less.

    \b
    strop optimize                        the backend in this folder
    strop optimize --workload suite       with the requests of its own tests only
    strop optimize --env DATA={root}/data with a folder that it needs beside the code
    """
    from strop.actions.optimize import OptimizeRequest, optimize
    from strop.faces.cli.progress import listening
    from strop.faces.cli.written import print_result, write_reports

    target = target_of(folder, app, factory, python, environ, login, head, outbound)
    requests = workload_of(workload, har, access_log)
    asked = OptimizeRequest(target, requests, branch, most, minutes, not no_latency)
    with listening(quiet) as listener:
        done = optimize(asked, listener)
    report = write_reports(done.result, done.folder)
    print_result(done.result, form, report)
    result = done.result
    if result.verdict is not None and not result.verdict.kept:
        return 4
    return 1 if result.proposals or result.choices else 0
