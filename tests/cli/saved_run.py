"""A folder with saved runs, as `measure` and `optimize` leave it."""

from __future__ import annotations

import os
from pathlib import Path

from strop.measure.run import save, save_plan
from strop.plan import Plan
from strop.report import document
from tests.report.sample import RESULT

SATURDAY = 1_795_251_600  # 2026-11-21 09:00 UTC


def save_sample(folder: Path) -> Path:
    """The sample's run and its report; returns the run's folder."""
    _, place = save(folder, RESULT.base)
    items = tuple(entry.item for entry in RESULT.entries)
    save_plan(place, Plan(RESULT.surface, RESULT.criteria, items))
    (place / "report.json").write_text(document.render(RESULT))
    (place / "report.html").write_text("<!doctype html>")
    os.utime(place / "evidence.json", (SATURDAY, SATURDAY))
    return place


def save_damaged(folder: Path) -> Path:
    """A run that another version wrote, a day older."""
    place = folder / ".strop" / "runs" / "0ddba11"
    place.mkdir(parents=True)
    (place / "evidence.json").write_text('{"schema": 0}')
    os.utime(place / "evidence.json", (SATURDAY - 86_400, SATURDAY - 86_400))
    return place
