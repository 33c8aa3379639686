"""Progress as a person sees it: bars on a terminal, plain lines in a pipe, nothing with --quiet."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.text import Text

from strop.event import Event, Listener, Note, Stage, ignore

STYLES = {"good": "green", "warn": "yellow"}


@contextlib.contextmanager
def listening(quiet: bool) -> Iterator[Listener]:
    """A listener for the standard error stream, as that stream is."""
    console = Console(stderr=True)
    if quiet:
        yield ignore
    elif console.is_terminal:
        with _bars(console) as progress:
            yield Bars(progress)
    else:
        yield Lines()


def _bars(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=console,
        transient=True,
    )


class Bars:
    """One bar for the stage at hand; notes scroll above it."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("starting", total=None)

    def __call__(self, event: Event) -> None:
        """Show one event."""
        if isinstance(event, Stage):
            self._progress.remove_task(self._task)
            self._task = self._progress.add_task(event.name, total=event.total or None)
        elif isinstance(event, Note):
            self._progress.console.print(Text(f"  {event.text}", style=STYLES.get(event.level, "dim")))
        else:
            self._progress.advance(self._task, event.by)


class Lines:
    """A line when a stage begins, and each note; a pipe is read later, by people and programs."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def __call__(self, event: Event) -> None:
        """Print one event."""
        if isinstance(event, Stage):
            total = f" ({event.total})" if event.total else ""
            self._print(f"{event.name}{total}")
        elif isinstance(event, Note):
            self._print(f"  {event.text}")

    def _print(self, text: str) -> None:
        sys.stderr.write(f"[{time.monotonic() - self._began:5.1f}s] {text}\n")
        sys.stderr.flush()
