"""`strop runs`: which runs are saved?"""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from strop.measure.run import EVIDENCE, Summary, nearest, saved, summarize
from strop.problem import Problem


class RunsRequest(Struct, frozen=True):
    """In which folder, or below which one, the runs lie."""

    folder: Path


class SavedRun(Struct, frozen=True):
    """One run: when it was saved (seconds since 1970), what it says, or why it can't be read."""

    run: str
    when: float
    summary: Summary | None = None
    report: Path | None = None  # its HTML report, where `optimize` wrote one
    unreadable: str = ""


def list_runs(request: RunsRequest) -> tuple[SavedRun, ...]:
    """The saved runs, the newest first; one that another version wrote is listed as such. Raises Problem T100."""
    return tuple(_read(folder) for folder in saved(nearest(request.folder)))


def _read(folder: Path) -> SavedRun:
    when = (folder / EVIDENCE).stat().st_mtime
    page = folder / "report.html"
    try:
        return SavedRun(folder.name, when, summarize(folder), page if page.is_file() else None)
    except Problem as problem:
        return SavedRun(folder.name, when, unreadable=problem.message)
