"""From what a run saw and did to the one value that every report is written from."""

from __future__ import annotations

import os
import platform
from pathlib import Path

from strop.actions.kept import Kept, Refused
from strop.actions.measure import Measured
from strop.actions.search import Search
from strop.evidence import Evidence
from strop.fixes.diff import unified
from strop.measure.observe import Observation
from strop.patch import Proposal
from strop.proof.branch import BranchProof, Suites, verdict
from strop.proof.judge import Base, Candidate
from strop.proof.suites import suite_outcomes
from strop.report.excerpt import Excerpt
from strop.report.result import (
    Acceptance,
    Attempt,
    Change,
    Choice,
    Noise,
    Proposed,
    Result,
    TargetFacts,
    Workload,
)
from strop.span import Span
from strop.target import Target

AROUND = 4  # lines of source before and after the one that a finding is about

CONSTRAINTS = ("no new dependency, no change of the public contract, no work moved to import or start-up",)
INVARIANTS = (
    "status, headers and body of every answer, byte by byte",
    "every row of the database after every request",
)
NON_GOALS = ("changes that clients could see: these are listed as choices",)
ALWAYS_UNPROVED = (
    "lines that no request of the workload executes, and data shapes that it does not hold",
    "races, timeouts and the behaviour under a load that was not sent",
    "configurations that were not run",
)


def conclude_result(
    target: Target,
    seen: Observation,
    measured: Measured,
    base: Base,
    suites: Suites | None,
    search: Search,
    branch: BranchProof | None,
    final: Evidence | None,
    name: str,
) -> Result:
    """Everything a report says of this run."""
    unproved = _unproved(seen, suites)
    notes = tuple(note for kept in search.kept for note in kept.notes)
    return Result(
        run=measured.evidence.run,
        target=_facts(target, seen),
        surface=measured.plan.surface,
        criteria=measured.plan.criteria,
        workload=_workload(seen),
        noise=_noise(base, suites),
        base=seen.evidence,
        final=final,
        changes=tuple(_change(kept, base) for kept in search.kept),
        proposals=tuple(_proposed(r, base) for r in search.refused if not r.item.choice),
        choices=tuple(_choice(r, base) for r in search.refused if r.item.choice),
        verdict=verdict(base, branch, unproved) if branch else None,
        branch=name,
        acceptance=_acceptance(target, branch, name),
        unproved=unproved,
        notes=(*seen.evidence.notes, *dict.fromkeys(notes)),
        constraints=CONSTRAINTS,
        invariants=INVARIANTS,
        non_goals=NON_GOALS,
        probe_cost=seen.evidence.probe_cost,
    )


def _facts(target: Target, seen: Observation) -> TargetFacts:
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


def _workload(seen: Observation) -> Workload:
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


def _noise(base: Base, suites: Suites | None) -> Noise:
    unstable = len({cell for cell, _ in base.relaxed.paths})
    cells, identical = len(base.outcomes), len(base.outcomes) - unstable
    if suites is not None:
        keys = [key.rpartition("#")[0] for key in suite_outcomes(suites.one)]
        cells += len(keys)
        identical += sum(test not in suites.flaky for test in keys)
    return Noise(cells, identical, base.noise.cpu)


def _change(kept: Kept, base: Base) -> Change:
    return Change(
        item=kept.item,
        patch=kept.patch,
        diff=unified(kept.patch),
        verdict=kept.candidate.verdict,
        commit=kept.commit,
        excerpt=_excerpt(base, kept.item.finding.span),
        attempts=tuple(_attempt(candidate) for candidate in kept.lost),
    )


def _proposed(refused: Refused, base: Base) -> Proposed:
    attempts = (*(_attempt(c) for c in refused.tried), *(_unwritten(p) for p in refused.proposals))
    return Proposed(refused.item, refused.reason, _excerpt(base, refused.item.finding.span), attempts)


def _choice(refused: Refused, base: Base) -> Choice:
    question = f"{refused.item.finding.message}: which way?"
    return Choice(refused.item, question, "", _excerpt(base, refused.item.finding.span))


def _attempt(candidate: Candidate) -> Attempt:
    patch, judged = candidate.patch, candidate.verdict
    paid = "kept back: routes that the finding does not name would pay for it"
    reason = judged.reason or (paid if candidate.dearer_elsewhere else "another alternative was better")
    return Attempt(patch.fix, reason, patch.option, patch.title, unified(patch), judged)


def _unwritten(proposal: Proposal) -> Attempt:
    return Attempt(proposal.fix, proposal.reason, proposal.option)


def _excerpt(base: Base, span: Span) -> Excerpt | None:
    path = base.root / span.file
    if not span.file or not path.is_file():
        return None
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    first = max(1, span.line - AROUND)
    shown = tuple(lines[first - 1 : span.line + AROUND])
    return Excerpt(span.file, first, shown, (span.line,)) if shown else None


def _acceptance(target: Target, branch: BranchProof | None, name: str) -> tuple[Acceptance, ...]:
    boxes = []
    if branch is not None and name:
        boxes.append(
            Acceptance(
                "the diff is what the cards say", f"git diff {target.branch or target.commit[:8]}...{name}"
            )
        )
        if branch.suite is not None:
            command = f"git switch {name} && pytest {' '.join(target.tests)}"
            boxes.append(
                Acceptance("the own tests answer as before, request by request", command, branch.holds)
            )
        boxes.append(Acceptance("every recorded cell answers as before", "strop optimize", branch.holds))
    return tuple(boxes)


def _unproved(seen: Observation, suites: Suites | None) -> tuple[str, ...]:
    found = []
    if seen.evidence.missed:
        missed = seen.evidence.missed
        more = f" and {len(missed) - 5} more" if len(missed) > 5 else ""
        found.append(f"no request reached {', '.join(missed[:5])}{more}")
    if suites is not None and suites.flaky:
        found.append(f"{len(suites.flaky)} tests that differ between two runs of the base witness nothing")
    if suites is not None:
        found.append(
            "in the application's own tests answers are compared, and rows only as far as answers show them"
        )
    if not seen.evidence.dialect:
        found.append("rows of the database: the application opened none that strop can compare")
    return (*found, *ALWAYS_UNPROVED)
