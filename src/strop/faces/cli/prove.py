"""`strop prove`."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click
from msgspec.structs import replace

from strop.faces.cli.options import about_output, about_target, about_workload, target_of, workload_of
from strop.problem import EXIT_FINDINGS, EXIT_NOT_PROVED
from strop.target import Configuration, Target

if TYPE_CHECKING:
    from strop.measure.observe import Workload


def _configurations(
    _: click.Context, __: click.Parameter, values: tuple[str, ...]
) -> tuple[Configuration, ...]:
    made = []
    for value in values:
        pairs = [part.partition("=") for part in re.split(r",(?=\w+=)", value)]
        if any(not name or not sign for name, sign, _ in pairs):
            raise click.BadParameter(f"{value!r} is not NAME=VALUE[,NAME=VALUE]")
        made.append(Configuration(value, tuple((name, text) for name, _, text in pairs)))
    return tuple(made)


@click.command("prove")
@click.argument("change", default="")
@about_target
@about_workload
@click.option("--cell", help="Send this request alone, and show what both sides answer.")
@click.option(
    "--mutants",
    type=click.IntRange(0, 100),
    default=0,
    metavar="N",
    help="Make N small mistakes in the change, one at a time, and see whether the requests tell them.",
)
@click.option(
    "--config",
    "configurations",
    multiple=True,
    metavar="NAME=VALUE[,NAME=VALUE]",
    callback=_configurations,
    help="Prove the change under these environment variables as well; may be given several times.",
)
@click.option(
    "--instructions",
    is_flag=True,
    help="Count the instructions of both sides, under valgrind: exact, and minutes dearer.",
)
@click.option("--no-cost", is_flag=True, help="Compare behaviour only.")
@click.option(
    "--no-cache",
    is_flag=True,
    help="Run the base again, and keep nothing of what it answers for the next proof.",
)
@about_output("json", "markdown")
def command(
    change: str,
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
    cell: str | None,
    mutants: int,
    configurations: tuple[Configuration, ...],
    instructions: bool,
    no_cost: bool,
    no_cache: bool,
    form: str,
    quiet: bool,
) -> int:
    """Say whether clients could tell CHANGE from what was there before, and what it costs.

    Both sides run in safe copies under the same requests: every answer and every row is compared.
    CHANGE is a range of commits; without one, what differs from the main branch, uncommitted work
    included.

    \b
    strop prove                     what you did since the main branch
    strop prove HEAD                what is not committed yet
    strop prove main..my-branch     a branch, as its pull request would show it
    strop prove --mutants 20        and would these requests tell mistakes in it?
    strop prove --instructions      and what did it save, to a thousandth?
    strop prove --config CACHE=off --config CACHE=redis,TTL=5

    Exit status: 0 identical, 1 different, 4 requests did not execute all that
    changed, or would not tell mistakes in it.
    """
    from strop.actions.prove import ProveRequest, prove
    from strop.faces.cli.progress import listening
    from strop.faces.cli.written import print_proof
    from strop.verdict import Behaviour

    if folder == Path() and change and Path(change).is_dir():
        change, folder = "", Path(change)
    target = target_of(folder, app, factory, python, environ, login, head=True, outbound=outbound)
    target = replace(target, configurations=(*target.configurations, *configurations))
    requests = workload_of(workload, har, access_log)
    if cell:
        target, requests = _only(cell, target, requests)
    request = ProveRequest(
        target,
        change,
        requests,
        cost=not no_cost and not cell,
        head=head,
        mutants=mutants,
        instructions=instructions and not cell,
        cache=not no_cache,
        options=_shown(folder, app, factory, python, head, workload, har, outbound),
        secret=tuple(
            name
            for name, given in (("--env", environ), ("--login", login), ("--config", configurations))
            if given
        ),
    )
    with listening(quiet) as listener:
        proved = prove(request, listener)
    print_proof(proved, form)
    statuses = {Behaviour.DIFFERENT: EXIT_FINDINGS, Behaviour.INSUFFICIENT: EXIT_NOT_PROVED}
    return statuses.get(proved.verdict.behaviour, 0)


def _only(cell: str, target: Target, requests: Workload) -> tuple[Target, Workload]:
    """What is asked for where one request alone is to be shown again."""
    from strop.measure.borrowed import is_borrowed

    if "::" in cell:  # a request of a test
        return replace(target, tests=(cell.rpartition("#")[0] or cell,)), replace(
            requests, openapi=False, har=None
        )
    # only the tests know the credentials of a request that borrows theirs
    return target, replace(requests, suite=is_borrowed(cell), cells=(cell,))


def _shown(
    folder: Path,
    app: str | None,
    factory: bool,
    python: str | None,
    head: bool,
    workload: str,
    har: Path | None,
    outbound: Path | None,
) -> tuple[str, ...]:
    """The words that name the same application and the same requests again; none of them is a secret."""
    valued = (
        ("--app", app),
        ("--python", python),
        ("--har", har),
        ("--workload", workload),
        ("--outbound", outbound),
    )
    words = [str(word) for name, value in valued if value not in (None, "all") for word in (name, value)]
    switches = (("--factory", factory), ("--head", head))
    words += [name for name, given in switches if given]
    return (*([str(folder)] if folder != Path() else []), *words)
