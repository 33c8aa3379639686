"""`strop review`: what is wrong, read from the source alone."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from strop.faces.cli.brief import be_brief
from strop.faces.cli.options import about_format, complete_run, complete_selector

if TYPE_CHECKING:
    from strop.actions.review import ReviewRequest
    from strop.report.review.result import Review

FORMATS = ("json", "sarif", "github", "gitlab", "junit", "markdown")
UNREAD = 3  # exit status: not everything could be read, which must not look clean


@click.command("review")
@click.argument("paths", type=click.Path(path_type=Path), nargs=-1)
@click.option(
    "--diff",
    "since",
    is_flag=False,
    flag_value="",
    default=None,
    metavar="[REF]",
    help="What changed since the fork from REF (without REF: from the main branch). With --fix: show, don't write.",
)
@click.option("--staged", is_flag=True, help="What the next commit changes.")
@click.option("--all", "everything", is_flag=True, help="All code, not only what was changed.")
@click.option(
    "--only",
    multiple=True,
    metavar="WHAT",
    shell_complete=complete_selector,
    help='Report these: ASY001, ASY, blocking-call, async, error, "confidence>=0.8".',
)
@click.option(
    "--ignore", multiple=True, metavar="WHAT", shell_complete=complete_selector, help="Don't report these."
)
@click.option("--notes", is_flag=True, help="Report notes too: what is true and of little weight.")
@click.option("--static", is_flag=True, help="The source alone; the default.")
@click.option(
    "--evidence",
    metavar="RUN",
    shell_complete=complete_run,
    help="Join what a saved run measured (last: the newest).",
)
@click.option(
    "--baseline", type=click.Path(path_type=Path), metavar="FILE", help="Findings that are known already."
)
@click.option("--write-baseline", is_flag=True, help="Make all findings of now the baseline.")
@click.option("--prune-baseline", is_flag=True, help="Take out of the baseline what is mended.")
@click.option("--fix", is_flag=True, help="Apply the fixes that change no behaviour and need no proof.")
@click.option("--strict", is_flag=True, help="List the calls whose target is not known.")
@click.option(
    "--python",
    metavar="PATH",
    help="Read the libraries' types in this interpreter's environment (default: .venv, venv, the activated one).",
)
@click.option("--no-cache", "cache", flag_value=False, default=True, help="Read every file anew.")
@click.option("--exit-zero", is_flag=True, help="End with 0 although there are findings.")
@about_format(*FORMATS)
def command(fix: bool, exit_zero: bool, form: str, static: bool, **asked: Any) -> int:
    """Say what is wrong in the code, with the chain from the route to the cause. Nothing of it is run.

    \b
    strop review                 what changed since the fork from the main branch, uncommitted and new files too
    strop review --staged        what the next commit changes
    strop review --all           everything in the project around this folder
    strop review app/api         everything in these files and folders
    strop review --diff=v1.4     what changed since a tag

    A finding counts as changed when its place, or a step between the route and it, lies in a changed line or
    function. Outside git everything is reviewed. `# strop: ignore[CODE] reason` on the line, above it, or on
    the line of the def hides a finding.

    Exit status: 0 nothing found, 1 findings, 2 wrong usage, 3 something could not be read.
    """
    began = time.perf_counter()
    be_brief()
    _check_usage(static, asked)
    if fix:
        from strop.faces.cli.fixed import fix_and_show

        return fix_and_show(_request(asked), form, exit_zero, show=asked["since"] is not None)
    from strop.actions.review import review

    done = review(_request(asked)).review
    write(done, form, time.perf_counter() - began)
    return status(done, exit_zero)


def write(review: Review, form: str, seconds: float | None = None) -> None:
    """Print the review in one format; the time it took goes to terminals alone."""
    if form == "text":
        from strop.faces.cli.colours import wants_colours
        from strop.report.review.text import write as write_text

        terminal = sys.stdout.isatty()
        write_text(review, sys.stdout, wants_colours(sys.stdout), seconds if terminal else None)
        return
    import importlib

    name = "document" if form == "json" else form
    sys.stdout.write(importlib.import_module(f"strop.report.review.{name}").render(review))


def status(review: Review, exit_zero: bool) -> int:
    """The exit status: findings, then what could not be read, else 0."""
    if review.entries and not exit_zero:
        return 1
    return UNREAD if review.blind else 0


def _request(asked: dict[str, Any]) -> ReviewRequest:
    from strop.actions.review import ReviewRequest

    return ReviewRequest(**asked)


def _check_usage(static: bool, asked: dict[str, Any]) -> None:
    narrowing = [
        name
        for name, given in (
            ("--diff", asked["since"] is not None),
            ("--staged", asked["staged"]),
            ("--all", asked["everything"]),
        )
        if given
    ]
    if len(narrowing) > 1:
        raise click.UsageError(f"{' and '.join(narrowing)} exclude each other")
    if static and asked["evidence"] is not None:
        raise click.UsageError("--static and --evidence exclude each other")
    if asked["write_baseline"] and asked["prune_baseline"]:
        raise click.UsageError("--write-baseline and --prune-baseline exclude each other")
