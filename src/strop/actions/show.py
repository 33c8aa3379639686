"""`strop show`: the project, a run, or a finding."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from strop.event import Listener, ignore
from strop.evidence import Evidence
from strop.measure.observe import read_project
from strop.measure.run import choose, load, load_plan, nearest, saved
from strop.plan import Item, Plan
from strop.problem import EXIT_USAGE, Problem
from strop.project.project import Project
from strop.report.document import ChangeEntry, ChoiceEntry, ProposalEntry
from strop.report.document import read as read_report
from strop.target import Target
from strop.world.instance import open_world

AROUND = 4  # lines of source before and after the one that a finding is about
FINDING = re.compile(r"[Ff][0-9a-f]{1,6}")

Fate = ChangeEntry | ProposalEntry | ChoiceEntry


class ShowRequest(Struct, frozen=True):
    """A run ("last" or the begin of its id) or a finding (the begin of its id), and the folder of the runs."""

    folder: Path
    name: str


class ShownRun(Struct, frozen=True):
    """A saved run and what the rules said of it."""

    evidence: Evidence
    plan: Plan


class ShownFinding(Struct, frozen=True):
    """A finding as a piece of work, its source as it is now, and what `optimize` made of it, if it ran."""

    run: str
    item: Item
    source: tuple[tuple[int, str], ...] = ()  # line numbers and lines
    fate: Fate | None = None


def show_project(target: Target, listener: Listener = ignore) -> Project:
    """What strop understands of the application: it is imported in a safe copy. Raises the Problem that stops it."""
    with open_world(target) as world:
        return read_project(world, world.folder.tree(), listener)


def show_saved(request: ShowRequest) -> ShownRun | ShownFinding:
    """The run or the finding of that name. Raises Problem T100, R502, R503 or R504."""
    root = nearest(request.folder)
    names = [folder.name for folder in saved(root)]
    is_run = request.name in ("", "last") or any(name.startswith(request.name) for name in names)
    if FINDING.fullmatch(request.name) and (request.name[0] == "F" or not is_run):
        return _finding(root, request.name[1:])
    folder = choose(root, request.name)
    return ShownRun(load(root, folder.name), load_plan(folder))


def _finding(root: Path, begin: str) -> ShownFinding:
    """The finding in the newest run that has one of this id."""
    choose(root, "last")  # without any run, that is the problem
    for folder in saved(root):
        try:
            items = load_plan(folder).items
        except Problem:
            continue
        found = [item for item in items if item.finding.id[1:].startswith(begin)]
        if len(found) > 1:
            ids = tuple(item.finding.id for item in found)
            message = f"{len(found)} findings begin with F{begin}"
            raise Problem("R504", message, where=ids, do="give more of the id", status=EXIT_USAGE)
        if found:
            source = _source(root, found[0])
            return ShownFinding(folder.name, found[0], source, _fate(folder, found[0].finding.id))
    message = f"no saved run has a finding F{begin}"
    raise Problem("R504", message, do="strop plan lists those of the last run", status=EXIT_USAGE)


def _fate(folder: Path, finding: str) -> Fate | None:
    try:
        report = read_report((folder / "report.json").read_bytes())
    except (OSError, msgspec.DecodeError):
        return None
    entries: Iterator[Fate] = (e for part in (report.changes, report.proposals, report.choices) for e in part)
    return next((entry for entry in entries if entry.id == finding), None)


def _source(root: Path, item: Item) -> tuple[tuple[int, str], ...]:
    span = item.finding.span
    try:
        lines = (root / span.file).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ()
    first = max(1, span.line - AROUND)
    return tuple(enumerate(lines[first - 1 : span.line + AROUND], first))
