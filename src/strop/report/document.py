"""What does a program read? The result as one JSON document with a version and a JSON Schema.

Single exchanges stay in the run's `evidence.json`, whole files in the repository: the document names them.
Units are those of `strop.evidence`: times in microseconds, sizes in bytes, ratios from 0 to 1.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from strop.evidence import Evidence, Latency, LineCost, RouteCost, ScanStep, TableSize
from strop.patch import Patch
from strop.plan import Item
from strop.report.excerpt import Excerpt
from strop.report.headline import Figure, Sameness, figures, prices, sameness, sentence
from strop.report.redaction import share
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
from strop.verdict import Verdict

FOLLOWUPS = 3


class Observation(Struct, frozen=True):
    """A run without its single exchanges."""

    run: str
    source: str
    routes: tuple[RouteCost, ...]
    lines: tuple[LineCost, ...]
    latencies: tuple[Latency, ...]
    sizes: tuple[TableSize, ...]
    scans: tuple[ScanStep, ...]
    probe_cost: float
    notes: tuple[str, ...]


class PatchFacts(Struct, frozen=True):
    """A patch without the text of its files, which the diff and the commit hold."""

    id: str
    fix: str
    option: str
    title: str
    why: str
    preserves: str
    files: tuple[str, ...]
    tests: tuple[str, ...]
    touches_schema: bool


class ChangeEntry(Struct, frozen=True):
    """A kept change; `id` is the finding's."""

    id: str
    item: Item
    patch: PatchFacts
    diff: str
    verdict: Verdict
    commit: str
    undo: str
    excerpt: Excerpt | None
    attempts: tuple[Attempt, ...]


class ProposalEntry(Struct, frozen=True):
    """A finding that stays, and what was tried; `id` is the finding's."""

    id: str
    item: Item
    reason: str
    excerpt: Excerpt | None
    attempts: tuple[Attempt, ...]


class ChoiceEntry(Struct, frozen=True):
    """A finding that waits for an answer; `id` is the finding's."""

    id: str
    item: Item
    question: str
    default: str
    record: bool
    excerpt: Excerpt | None


class Document(Struct, frozen=True):
    """The report as data, in the order in which a person reads it."""

    schema: int
    strop: str
    run: str
    sentence: str
    surface: str
    criteria: str
    target: TargetFacts
    workload: Workload
    noise: Noise
    notes: tuple[str, ...]
    probe_cost: float
    constraints: tuple[str, ...]
    invariants: tuple[str, ...]
    non_goals: tuple[str, ...]
    figures: tuple[Figure, ...]
    prices: tuple[Figure, ...]
    answers: Sameness | None
    branch: str
    verdict: Verdict | None
    changes: tuple[ChangeEntry, ...]
    proposals: tuple[ProposalEntry, ...]
    choices: tuple[ChoiceEntry, ...]
    acceptance: tuple[Acceptance, ...]
    followups: tuple[str, ...]
    unproved: tuple[str, ...]
    base: Observation
    final: Observation | None


def render(result: Result) -> str:
    """The result as indented JSON text, the same for the same result."""
    return msgspec.json.format(msgspec.json.encode(build(result)), indent=2).decode() + "\n"


def read(text: str | bytes) -> Document:
    """A document that `render` wrote; raises `msgspec.ValidationError` if it is none."""
    return msgspec.json.decode(text, type=Document)


def schema() -> dict[str, Any]:
    """The JSON Schema of the document."""
    return msgspec.json.schema(Document)


def build(result: Result) -> Document:
    """The document of a result, without secrets."""
    result = share(result)
    same_name = {name: getattr(result, name) for name in _COPIED}
    return Document(
        **same_name,
        followups=result.followups[:FOLLOWUPS],
        sentence=sentence(result),
        figures=figures(result),
        prices=prices(result),
        answers=sameness(result.verdict) if result.verdict else None,
        changes=tuple(map(_change, result.changes)),
        proposals=tuple(map(_proposal, result.proposals)),
        choices=tuple(map(_choice, result.choices)),
        base=observe(result.base),
        final=observe(result.final) if result.final else None,
    )


def observe(evidence: Evidence) -> Observation:
    """A run as the document holds it."""
    return Observation(**{name: getattr(evidence, name) for name in Observation.__struct_fields__})


def _change(change: Change) -> ChangeEntry:
    patch = change.patch
    return ChangeEntry(
        id=change.finding.id,
        item=change.item,
        patch=_patch(patch),
        diff=change.diff,
        verdict=change.verdict,
        commit=change.commit,
        undo=f"git revert {change.commit}",
        excerpt=change.excerpt,
        attempts=change.attempts,
    )


def _patch(patch: Patch) -> PatchFacts:
    return PatchFacts(
        id=patch.id,
        fix=patch.fix,
        option=patch.option,
        title=patch.title,
        why=patch.why,
        preserves=patch.preserves,
        files=tuple(edit.file for edit in patch.edits),
        tests=tuple(edit.file for edit in patch.tests),
        touches_schema=patch.touches_schema,
    )


def _proposal(proposed: Proposed) -> ProposalEntry:
    return ProposalEntry(
        proposed.finding.id, proposed.item, proposed.reason, proposed.excerpt, proposed.attempts
    )


def _choice(choice: Choice) -> ChoiceEntry:
    return ChoiceEntry(
        choice.finding.id, choice.item, choice.question, choice.default, choice.record, choice.excerpt
    )


_BUILT = {
    "followups",
    "sentence",
    "figures",
    "prices",
    "answers",
    "changes",
    "proposals",
    "choices",
    "base",
    "final",
}
_COPIED = tuple(name for name in Document.__struct_fields__ if name not in _BUILT)
