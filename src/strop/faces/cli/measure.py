"""`strop measure`."""

from __future__ import annotations

from pathlib import Path

import click

from strop.faces.cli.options import about_output, about_target, about_workload, target_of, workload_of


@click.command("measure")
@about_target
@about_workload
@about_output("json")
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
    form: str,
    quiet: bool,
) -> int:
    """Run the workload of the backend in FOLDER in a safe copy, and save what it costs.

    Prints the dearest routes and lines, and what the rules say of them. Nothing is changed.
    """
    from strop.actions.measure import MeasureRequest, measure
    from strop.faces.cli.progress import listening
    from strop.faces.cli.written import print_run

    asked = MeasureRequest(
        target_of(folder, app, factory, python, environ, login, head, outbound),
        workload_of(workload, har, access_log),
    )
    with listening(quiet) as listener:
        measured = measure(asked, listener)
    print_run(measured.evidence, measured.findings, form)
    return 1 if measured.findings else 0
