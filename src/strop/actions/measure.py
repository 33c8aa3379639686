"""`strop measure`: the workload in a safe copy of the world; a saved run."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct, field

from strop.event import Listener, ignore
from strop.evidence import Evidence
from strop.finding import Finding
from strop.measure.observe import Observation, Workload, observe
from strop.measure.run import save, save_plan
from strop.plan import Plan
from strop.project.project import Project
from strop.rules.plan import plan
from strop.rules.registry import check, noticers
from strop.target import Target
from strop.world.instance import open_world


class MeasureRequest(Struct, frozen=True):
    """What to measure, and with which requests."""

    target: Target
    workload: Workload = field(default_factory=Workload)


class Measured(Struct, frozen=True):
    """A saved run, what the rules say of it, and the plan."""

    evidence: Evidence
    folder: Path
    findings: tuple[Finding, ...]
    plan: Plan
    project: Project


def measure(request: MeasureRequest, listener: Listener = ignore) -> Measured:
    """Run the workload, save the evidence below the target's root, and say what it shows."""
    with open_world(request.target) as world:
        seen = observe(world, request.workload, listener, noticers(measured=True))
        return conclude(request.target, seen)


def conclude(target: Target, seen: Observation) -> Measured:
    """Save an observation, apply the rules to it, and save what they say."""
    seen.evidence, folder = save(Path(target.root), seen.evidence)
    findings = check(seen.project, seen.evidence)
    planned = plan(seen.project, findings, seen.evidence.routes, dict(seen.evidence.mix))
    save_plan(folder, planned)
    return Measured(seen.evidence, folder, findings, planned, seen.project)
