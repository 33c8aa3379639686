"""Options that several verbs share: how the application is found, and which requests are sent."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from strop.faces.cli.main import FORM

if TYPE_CHECKING:
    from strop.measure.observe import Workload
    from strop.target import Target

F = TypeVar("F", bound=Callable[..., Any])


def environ_of(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """The pairs of NAME=VALUE."""
    pairs = [value.partition("=") for value in values]
    wrong = next((name for name, sign, _ in pairs if not sign or not name), None)
    if wrong is not None:
        raise click.BadParameter(f"{wrong!r} is not NAME=VALUE")
    return tuple((name, value) for name, _, value in pairs)


def about_target(function: F) -> F:
    """The folder and what overrides the settings of its application."""
    for option in reversed(
        (
            click.argument("folder", type=click.Path(path_type=Path), default="."),
            click.option("--app", metavar="MODULE:ATTR", help="The application, when strop can't find it."),
            click.option(
                "--factory", is_flag=True, help="The attribute must be called to get the application."
            ),
            click.option("--python", metavar="PATH", help="The interpreter that can import the application."),
            click.option(
                "--env",
                "environ",
                multiple=True,
                metavar="NAME=VALUE",
                callback=environ_of,
                help="For the application; {root} is its working copy.",
            ),
            click.option(
                "--login",
                nargs=3,
                metavar="PATH USERNAME PASSWORD",
                help="A form login for generated requests that answers with an access_token.",
            ),
            click.option(
                "--head", is_flag=True, help="Work on the last commit, leaving uncommitted changes alone."
            ),
        )
    ):
        function = option(function)
    return function


def about_workload(function: F) -> F:
    """Which requests are sent."""
    for option in reversed(
        (
            click.option(
                "--workload",
                type=click.Choice(["all", "openapi", "suite"]),
                default="all",
                show_default=True,
                help="Requests generated from OpenAPI, those of the application's tests, or both.",
            ),
            click.option(
                "--har",
                type=click.Path(path_type=Path),
                help="Requests of a HAR file (of strop record, a browser, a proxy) instead of generated ones.",
            ),
            click.option(
                "--access-log",
                type=click.Path(path_type=Path),
                metavar="FILE",
                help="A web server's log: costs and gains are weighted by how often it asks each route.",
            ),
            click.option(
                "--outbound",
                type=click.Path(path_type=Path),
                metavar="FILE",
                help="What other services answer: a HAR file, or TOML. Without it calls to them are refused.",
            ),
        )
    ):
        function = option(function)
    return function


def about_output(*formats: str) -> Callable[[F], F]:
    """How the result is written."""

    def decorate(function: F) -> F:
        quiet = click.option("-q", "--quiet", is_flag=True, help="No progress.")
        return about_format(*formats)(quiet(function))

    return decorate


def about_format(*formats: str) -> Callable[[F], F]:
    """In which format the result is written."""
    return click.option(
        "--format",
        "form",
        type=click.Choice(["text", *formats]),
        default="text",
        show_default=True,
        help="How the result is printed.",
        callback=_remember,
    )


def _remember(ctx: click.Context, _: click.Parameter, form: str) -> str:
    """A problem that ends the verb is printed in its format, too."""
    ctx.meta[FORM] = form
    return form


def about_runs(function: F) -> F:
    """The folder whose saved runs are meant."""
    return click.argument("folder", type=click.Path(path_type=Path), default=".")(function)


def complete_run(_: click.Context, __: click.Parameter, begin: str) -> list[str]:
    """The runs of this folder whose ids begin so."""
    from strop.measure.run import nearest, saved

    return [f.name for f in saved(nearest(Path())) if f.name.startswith(begin)]


def complete_shown(_: click.Context, __: click.Parameter, begin: str) -> list[str]:
    """Runs, the findings of the last one, and the project."""
    from strop.measure.run import load_plan, nearest, saved
    from strop.problem import Problem

    names = ["project", "last"]
    folders = saved(nearest(Path()))
    names += [folder.name for folder in folders]
    with contextlib.suppress(Problem):
        names += [item.finding.id for folder in folders[:1] for item in load_plan(folder).items]
    return [name for name in names if name.startswith(begin)]


def complete_page(_: click.Context, __: click.Parameter, begin: str) -> list[str]:
    """Codes and slugs that begin so."""
    from strop.actions.explain import pages

    names = (name for page in pages() for name in (page.code, page.slug) if name)
    return [name for name in names if name.lower().startswith(begin.lower())]


def complete_selector(_: click.Context, __: click.Parameter, begin: str) -> list[str]:
    """Codes, names, domains and severities that begin so; after a comma, the next one."""
    from strop.actions.selection import vocabulary

    before, comma, last = begin.rpartition(",")
    return [f"{before}{comma}{word}" for word in vocabulary() if word.lower().startswith(last.lower())]


def target_of(
    folder: Path,
    app: str | None,
    factory: bool,
    python: str | None,
    environ: tuple[tuple[str, str], ...],
    login: tuple[str, str, str] | None,
    head: bool,
    outbound: Path | None = None,
) -> Target:
    """The target that the options name; `outbound` is the file with answers of other services."""
    from msgspec.structs import replace

    from strop.actions.target import open_target
    from strop.measure.replies import find_replies
    from strop.project.settings import Overrides
    from strop.target import Login

    overrides = Overrides(app=app, factory=factory or None, python=python, env=environ)
    target = open_target(folder, overrides, head)
    target = replace(target, outbound=find_replies(Path(target.root), outbound))
    return replace(target, login=Login(*login)) if login else target


def workload_of(workload: str, har: Path | None, access_log: Path | None = None) -> Workload:
    """The workload that the options name."""
    from strop.measure.observe import Workload

    openapi, suite = workload in ("all", "openapi"), workload in ("all", "suite")
    return Workload(openapi=openapi, suite=suite, har=har, access_log=access_log)
