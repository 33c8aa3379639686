"""Everything that `strop` prints, the exit status first."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from strop.actions.explain import pages
from strop.report.result import Change, Choice, Proposed
from tests.cli.run_strop import run_strop
from tests.cli.saved_run import save_damaged, save_sample
from tests.report.sample import RESULT


def finding_of(kind: type[object]) -> str:
    return next(entry.finding.id for entry in RESULT.entries if isinstance(entry, kind))


IDS = sorted(entry.finding.id for entry in RESULT.entries)
ALIKE = next(one[:2] for one, other in pairwise(IDS) if one[:2] == other[:2])
WITH_RUNS = {
    "runs": ("runs",),
    "runs as json": ("runs", "--format", "json"),
    "the last run": ("show",),
    "a kept finding": ("show", finding_of(Change)),
    "a finding that stays": ("show", finding_of(Proposed)),
    "a choice": ("show", finding_of(Choice)),
    "the plan": ("plan",),
    "a run that is not there": ("show", "beef"),
    "a run of another version": ("plan", "0dd"),
    "a finding that is not there": ("show", "F000000"),
    "findings that begin alike": ("show", ALIKE),
    "no finding's id": ("show", "Fnothing"),
}
WITHOUT_RUNS = {
    "nothing at all": (),
    "help": ("--help",),
    "a verb that is not there": ("optimise",),
    "version": ("--version",),
    "no runs": ("runs",),
    "no plan": ("plan",),
    "no run": ("show", "last"),
    "no folder": ("runs", "nowhere"),
    "no application": ("show", "project"),
    "a wrong option": ("optimize", "--fast"),
    "a wrong variable": ("measure", "--env", "DEBUG"),
    "a wrong application": ("measure", "--app", "shop"),
    "the page of a problem": ("explain", "t103"),
    "the page of a rule": ("explain", "unused-ignore"),
    "a page that is not there": ("explain", "lazy-lod"),
}


@pytest.mark.parametrize("name", WITH_RUNS)
def test_with_saved_runs(name: str, tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    save_sample(tmp_path)
    save_damaged(tmp_path)
    assert whole(tmp_path, WITH_RUNS[name]) == snapshot


@pytest.mark.parametrize("name", WITHOUT_RUNS)
def test_without_runs(name: str, tmp_path: Path, snapshot: SnapshotAssertion) -> None:
    assert whole(tmp_path, WITHOUT_RUNS[name]) == snapshot


def test_all_pages_are_listed(tmp_path: Path) -> None:
    status, out, _ = run_strop(tmp_path, "explain")
    lines = out.splitlines()
    assert (status, lines[0]) == (0, "Rules")
    listed = {line.split()[0] for line in lines if line.startswith("  ")}
    assert listed == {page.code for page in pages()}


def whole(folder: Path, arguments: tuple[str, ...]) -> str:
    status, out, err = run_strop(folder, *arguments)
    command = " ".join(("strop", *arguments))
    more = f"--- standard error\n{err}" if err else ""
    return f"exit {status}\n$ {command}\n{out}{more}"
