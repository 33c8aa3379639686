"""What is saved of a run is read back as it was."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from msgspec.structs import replace

from strop.actions.plan import PlanRequest, read_plan
from strop.actions.show import ShownFinding, ShownRun, ShowRequest, show_saved
from strop.measure.run import save
from strop.problem import Problem
from strop.report.document import ChangeEntry
from tests.cli.saved_run import save_sample
from tests.report.sample import RESULT


def test_the_plan_is_read_back_as_it_was_saved(tmp_path: Path) -> None:
    place = save_sample(tmp_path)
    planned = read_plan(PlanRequest(tmp_path))
    assert planned.run == place.name
    assert planned.plan.items == tuple(entry.item for entry in RESULT.entries)


def test_a_run_that_is_saved_again_keeps_its_id(tmp_path: Path) -> None:
    first, place = save(tmp_path, RESULT.base)
    again, same = save(tmp_path, replace(first, notes=("more",)))
    assert (again.run, same) == (first.run, place)
    shown = show_saved(ShowRequest(save_sample(tmp_path).parents[2], "last"))
    assert isinstance(shown, ShownRun)


def test_a_finding_shows_what_became_of_it_and_its_source(tmp_path: Path) -> None:
    save_sample(tmp_path)
    change = RESULT.changes[0]
    span = change.finding.span
    file = tmp_path / span.file
    file.parent.mkdir(parents=True)
    file.write_text("".join(f"line {n}\n" for n in range(1, span.line + 20)))
    shown = show_saved(ShowRequest(tmp_path, change.finding.id[:5]))
    assert isinstance(shown, ShownFinding)
    assert (span.line, f"line {span.line}") in shown.source
    assert isinstance(shown.fate, ChangeEntry)
    assert shown.fate.diff == change.diff


def test_an_ambiguous_finding_is_asked_back(tmp_path: Path) -> None:
    save_sample(tmp_path)
    ids = sorted(entry.finding.id for entry in RESULT.entries)
    alike = next(a[:2] for a, b in pairwise(ids) if a[:2] == b[:2])
    with pytest.raises(Problem) as caught:
        show_saved(ShowRequest(tmp_path, alike))
    assert caught.value.code == "R504"
    assert len(caught.value.where) > 1
