"""`strop show`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from strop.faces.cli.options import about_output, about_target, complete_shown, target_of

if TYPE_CHECKING:
    from strop.target import Target


@click.command("show")
@click.argument("what", default="last", shell_complete=complete_shown)
@about_target
@about_output("json")
def command(
    what: str,
    folder: Path,
    app: str | None,
    factory: bool,
    python: str | None,
    environ: tuple[tuple[str, str], ...],
    login: tuple[str, str, str] | None,
    head: bool,
    form: str,
    quiet: bool,
) -> int:
    """Show WHAT: a saved run, a finding, or the project as strop understands it.

    \b
    strop show               the last run
    strop show 6f2c          the run whose id begins so (strop runs lists them)
    strop show F1a2b3c       a finding: its place, cost, options and what became of it
    strop show project       routes, dependencies, tables: imports the application in a safe copy

    A second argument names another folder: strop show F1a2b3c shop. The options are about the project.
    """
    if what == "project":
        _show_project(target_of(folder, app, factory, python, environ, login, head), form, quiet)
    else:
        _show_saved(folder, what, form)
    return 0


def _show_project(target: Target, form: str, quiet: bool) -> None:
    from strop.actions.show import show_project
    from strop.faces.cli.output import show, show_json
    from strop.faces.cli.progress import listening
    from strop.faces.cli.shown import project

    with listening(quiet) as listener:
        read = show_project(target, listener)
    if form == "json":
        show_json(project.document(target, read))
    else:
        show(*project.parts(target, read))


def _show_saved(folder: Path, what: str, form: str) -> None:
    from strop.actions.show import ShownFinding, ShowRequest, show_saved
    from strop.faces.cli.output import show, show_json
    from strop.faces.cli.shown import finding
    from strop.faces.cli.written import print_run

    shown = show_saved(ShowRequest(folder, what))
    if not isinstance(shown, ShownFinding):
        print_run(shown.evidence, tuple(item.finding for item in shown.plan.items), form)
    elif form == "json":
        show_json(finding.document(shown))
    else:
        show(*finding.parts(shown))
