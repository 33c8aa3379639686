"""`strop`: finds the verb, and turns problems into messages with an exit status. Verbs are imported when called."""

from __future__ import annotations

import importlib
import io
import os
import signal
import sys
from pathlib import Path
from typing import NoReturn

import click

from strop import __version__
from strop.faces.cli.brief import leave
from strop.problem import Problem

VERBS = {
    "explain": "Say what a code means: a rule or a problem.",
    "lsp": "Serve an editor.",
    "measure": "Run the workload in a safe copy and save what it costs.",
    "optimize": "Measure, find, fix, prove: ends with a branch and a report.",
    "plan": "Say what to do first, by measured cost.",
    "prove": "Say whether clients could tell a change, and what it costs.",
    "record": "Serve your application, and write what you ask it as a workload.",
    "review": "Say what is wrong in the source, without running it.",
    "runs": "List the saved runs.",
    "show": "Show a run, a finding, or the project.",
}
INTERRUPTED = 130
FORM = "strop.form"  # where the context keeps the format that was asked for
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

_signals: list[int] = []  # the one that came


class LazyVerbs(click.Group):
    """Commands by name; each lives in a module of that name, imported only when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs, sorted."""
        return sorted(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, imported now; a prefix that fits one verb is enough."""
        fitting = [verb for verb in VERBS if verb == cmd_name] or [v for v in VERBS if v.startswith(cmd_name)]
        if len(fitting) != 1:
            return None
        module = importlib.import_module(f"strop.faces.cli.{fitting[0]}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command under its whole name, also where only the begin of it was typed."""
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-"):
            import difflib  # for mistakes alone

            near = difflib.get_close_matches(args[0], VERBS, n=1)
            ctx.fail(f"There is no verb {args[0]!r}." + (f" Did you mean {near[0]}?" if near else ""))
        _, command, rest = super().resolve_command(ctx, args)
        return command.name if command else None, command, rest

    def invoke(self, ctx: click.Context) -> object:
        """Run the verb. Whoever reads the output may stop early (`| head`): that is no error."""
        try:
            status = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        except Problem as problem:
            if ctx.meta.get(FORM) == "json":
                from strop.report.problem import render_json

                sys.stdout.write(render_json(problem))
            raise
        return status

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs from the table, without importing them."""
        with formatter.section("Verbs"):
            formatter.write_dl(sorted(VERBS.items()))


@click.group(
    cls=LazyVerbs,
    subcommand_metavar="VERB ...",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, "-V", "--version", message="strop %(version)s")
def group() -> None:
    """Makes a FastAPI backend faster without changing what its API does, and proves both.

    \b
    strop review             what is wrong in the code that you changed, without running it
    strop optimize           in the folder of a backend: the whole loop
    strop prove              whether clients could tell what you changed
    strop measure            what each route costs, without changing anything
    strop plan               what to do first, from the last run
    strop show project       what strop understands of the application

    Exit status: 0 nothing to report, 1 findings, 2 wrong usage, 3 the target can't be loaded,
    4 not proved, 5 needs an answer.
    """


def main() -> NoReturn:
    """Run the command line and end the process with its exit status."""
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, _stop)
    _mend_output()
    try:
        status = _run()
    except BaseException:
        if not _signals:
            raise
    if _signals:  # whatever else went wrong on the way out
        click.echo("\nstrop: interrupted; nothing of yours was changed, and nothing is left behind", err=True)
        status = INTERRUPTED
    leave(status)


def _mend_output() -> None:
    """A stream that was closed (`>&-`) swallows what is written; one that has no µ gets a question mark."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            nowhere = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - as long as the process
            setattr(sys, name, nowhere)
        elif name == "stdout" and isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def _run() -> int:
    try:
        status = group.main(standalone_mode=False, prog_name="strop")
    except Problem as problem:
        from strop.report.problem import render

        click.echo(render(problem), err=True, nl=False)
        return problem.status
    except click.ClickException as error:
        error.show()
        return 2
    except OSError as error:
        if error.errno not in (28, 122):
            raise
        click.echo(
            f"strop: no space is left on the disk ({error.filename or 'while writing'})  [W202]", err=True
        )
        return 2
    return status if isinstance(status, int) else 0


def _stop(number: int, frame: object) -> NoReturn:
    """Whoever ends strop: copies and processes must not be left behind. A second signal would cut that short."""
    for each in SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    _signals.append(number)
    raise KeyboardInterrupt
