"""From what a run saw and did to the one value that every report is written from."""

from __future__ import annotations

from strop.actions.facts import describe_noise, describe_target, describe_workload, list_unproved
from strop.actions.kept import Kept, Refused
from strop.actions.measure import Measured
from strop.actions.search import Search
from strop.evidence import Evidence
from strop.fixes.diff import unified
from strop.measure.observe import Observation
from strop.patch import Proposal
from strop.proof.branch import BranchProof, Suites, verdict
from strop.proof.judge import Base, Candidate
from strop.report.excerpt import Excerpt
from strop.report.result import (
    Acceptance,
    Attempt,
    Change,
    Choice,
    Proposed,
    Result,
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
    unproved = list_unproved(seen, suites)
    notes = tuple(note for kept in search.kept for note in kept.notes)
    return Result(
        run=measured.evidence.run,
        target=describe_target(target, seen),
        surface=measured.plan.surface,
        criteria=measured.plan.criteria,
        workload=describe_workload(seen),
        noise=describe_noise(base, suites),
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
