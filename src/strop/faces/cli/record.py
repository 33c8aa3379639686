"""`strop record`."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from strop.faces.cli.options import environ_of
from strop.problem import EXIT_TARGET
from strop.report.quantity import plural


@click.command("record", context_settings={"ignore_unknown_options": True})
@click.argument("app", default="")
@click.argument("uvicorn", nargs=-1, type=click.UNPROCESSED)
@click.option("--factory", is_flag=True, help="The attribute must be called to get the application.")
@click.option("--python", metavar="PATH", help="The interpreter that can import the application.")
@click.option(
    "--env",
    "environ",
    multiple=True,
    metavar="NAME=VALUE",
    callback=environ_of,
    help="For the application; {root} is its folder.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Where the requests go (default: a new file in .strop/recordings); a recording there is continued.",
)
def command(
    app: str,
    uvicorn: tuple[str, ...],
    factory: bool,
    python: str | None,
    environ: tuple[tuple[str, str], ...],
    output: Path | None,
) -> int:
    """Serve the application as you do while developing, and write what you ask it to a HAR file.

    APP is "module:attribute" or a folder; without it, the application in this folder. Your own server
    runs, with your own database: strop only looks. What follows `--` is given to uvicorn. Ctrl-C ends it.

    \b
    strop record                              click through your application, then press Ctrl-C
    strop record shop.main:app -- --port 9000 --reload
    strop prove --har .strop/recordings/2026-11-21T10-00-00.har

    The file holds passwords, cookies and tokens as they were sent, and is readable by you alone. None of
    them gets into a report.
    """
    from datetime import datetime

    from strop.actions.record import RecordRequest, place_of_recording, record
    from strop.project.find import find
    from strop.project.settings import Overrides

    if app.startswith("-"):  # what followed the two dashes, without an application before them
        app, uvicorn = "", (app, *uvicorn)
    folder = Path(app) if app and (":" not in app or Path(app).is_dir()) else Path()
    named = app if app and folder == Path() and app != "." else None
    target = find(folder, Overrides(app=named, factory=factory or None, python=python, env=environ))
    request = RecordRequest(target, uvicorn, output)
    path = place_of_recording(request, datetime.now())
    shown = shlex.quote(_shown(path))
    click.echo(f"strop: recording {target.app} to {shown}; Ctrl-C ends it", err=True)
    done = record(request, path)
    if done.status and not done.requests:
        path.unlink(missing_ok=True)
        return EXIT_TARGET  # the server has said why
    requests, routes = plural(done.requests, "request"), plural(done.served, "route")
    click.echo(f"strop: {requests}, {routes}; prove with: strop prove --har {shown}", err=True)
    click.echo("strop: it holds passwords and tokens as they were sent: keep it to yourself", err=True)
    return 0


def _shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)
