"""What every report says of a run, whatever it was for: the target, the workload, the noise, what stays unproved."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from strop.actions.outbound import list_calls
from strop.measure.observe import Observation
from strop.proof.branch import Suites
from strop.proof.judge import Base
from strop.proof.suites import suite_outcomes
from strop.report.result import Noise, TargetFacts, Workload
from strop.target import Target

ALWAYS_UNPROVED = (
    "lines that no request of the workload executes, and data shapes that it does not hold",
    "races, timeouts and the behaviour under a load that was not sent",
    "configurations that were not run",
)


def describe_target(target: Target, seen: Observation) -> TargetFacts:
    """What was worked on: application, versions, machine."""
    root = Path(target.root)
    name = str(root.relative_to(Path(target.repo).parent)) if target.repo else root.name
    python = dict(seen.evidence.versions).get("python", "")
    machine = f"{os.cpu_count()} cores, {platform.system()} {platform.release().split('-')[0]}"
    return TargetFacts(
        name=name,
        app=target.app,
        commit=target.commit,
        branch=target.branch,
        dialect=seen.evidence.dialect,
        versions=seen.evidence.versions,
        machine=f"{machine}, Python {python}" if python else machine,
    )


def describe_workload(seen: Observation) -> Workload:
    """Where the requests came from, and which routes they reached."""
    parts = []
    if seen.cells:
        parts.append(
            {"openapi": "OpenAPI", "har": "HAR file"}.get(seen.cells[0].source, seen.cells[0].source)
        )
    if seen.suites and seen.suites[0].tests:
        parts.append(f"{len(seen.suites[0].tests)} tests")
    evidence = seen.evidence
    rows = sum(size.rows for size in evidence.sizes)
    return Workload(" and ".join(parts), len(evidence.exchanges), evidence.reached, evidence.missed, rows)


def describe_noise(base: Base, suites: Suites | None) -> Noise:
    """How far the base differs from itself."""
    unstable = len({cell for cell, _ in base.relaxed.paths})
    cells, identical = len(base.outcomes), len(base.outcomes) - unstable
    if suites is not None:
        keys = [key.rpartition("#")[0] for key in suite_outcomes(suites.one)]
        cells += len(keys)
        identical += sum(test not in suites.flaky for test in keys)
    return Noise(cells, identical, base.noise.cpu)


def list_unproved(seen: Observation, suites: Suites | None, target: Target | None = None) -> tuple[str, ...]:
    """What nobody should conclude from this workload."""
    found = []
    if seen.evidence.missed:
        missed = seen.evidence.missed
        more = f" and {len(missed) - 5} more" if len(missed) > 5 else ""
        found.append(f"no request reached {', '.join(missed[:5])}{more}")
    found += _went_on(seen)
    if suites is not None and suites.flaky:
        found.append(f"{len(suites.flaky)} tests that differ between two runs of the base witness nothing")
    if suites is not None:
        found.append(
            "in the application's own tests answers are compared, and rows only as far as answers show them"
        )
    if not seen.evidence.dialect:
        found.append("rows of the database: the application opened none that strop can compare")
    if seen.evidence.dialect == "mysql":
        found.append("rows in another order and in perturbed states: not on MySQL yet")
    named = ", ".join(each.name for each in target.configurations) if target else ""
    always = (
        ALWAYS_UNPROVED
        if not named
        else (*ALWAYS_UNPROVED[:-1], f"other configurations than the usual one and {named}")
    )
    return (*list_calls(seen), *found, *always)


def _went_on(seen: Observation) -> list[str]:
    """What requests left unfinished when they were answered."""
    found: dict[str, set[str]] = {}
    for outcome in seen.one.values():
        for left in outcome.left:
            found.setdefault(left, set()).add(outcome.exchange.route)
    lines = []
    for left, routes in sorted(found.items()):
        where = ", ".join(sorted(routes)[:3]) + (f" and {len(routes) - 3} more" if len(routes) > 3 else "")
        kind, _, name = left.partition(" ")
        if kind == "stream":
            lines.append(f"events after the first ones of {where}, which may never end")
        else:
            lines.append(
                f"what {name} does after the answer of {where}: it goes on for longer than was waited"
            )
    return lines
