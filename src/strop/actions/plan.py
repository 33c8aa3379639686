"""`strop plan`: what to do first, from a saved run."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from strop.measure.run import choose, load_plan, nearest
from strop.plan import Plan


class PlanRequest(Struct, frozen=True):
    """Which run ("" or "last": the newest) of which folder."""

    folder: Path
    run: str = ""


class Planned(Struct, frozen=True):
    """The plan of one run."""

    run: str
    plan: Plan


def read_plan(request: PlanRequest) -> Planned:
    """The plan as it was made when the run was saved. Raises Problem T100, R502 or R503."""
    folder = choose(nearest(request.folder), request.run)
    return Planned(folder.name, load_plan(folder))
