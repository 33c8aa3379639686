"""The search for patches worth keeping: every alternative alone against the base, two at a time, and then
those that were kept together on one branch.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from msgspec import Struct
from msgspec.structs import replace

from strop.actions.compose import Composition, compose, reader, with_distinct_tests
from strop.actions.kept import Kept, Refused
from strop.actions.needless import saves_nothing, suspects
from strop.event import Advance, Listener, Note, Stage
from strop.finding import Finding
from strop.fixes.registry import propose
from strop.patch import Patch, Proposal
from strop.plan import Item
from strop.project.project import Project
from strop.proof.chosen import choose_cells
from strop.proof.driven import DrivenJudgement, Drivers, driving_tests
from strop.proof.judge import Base, Candidate, Judgement, Tip
from strop.proof.regression import useful_tests
from strop.world.process import workers

LATE = "the time that was given was used up"
MOST = 3  # alternatives that are tried for one finding


class _Tried(Struct, frozen=True):
    """A finding with what its fixes proposed and what came of the patches."""

    item: Item
    proposals: tuple[Proposal, ...] = ()
    candidates: tuple[Candidate, ...] = ()


@dataclass
class Search:
    """What was tried and what was kept. `tips` are the base's running processes, one for each worker."""

    base: Base
    tips: Sequence[Tip]
    project: Project
    listener: Listener
    drivers: Drivers | None = None
    kept: list[Kept] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    branch: Composition = field(init=False)

    def __post_init__(self) -> None:
        self.branch = Composition(self.base.world, self.project, self._read)

    def run(self, items: Sequence[Item], stop: Callable[[], bool] = lambda: False) -> None:
        """Try every item that is not the user's choice, the dearest first; then put the kept ones together."""
        tried = [item for item in items if not item.choice]
        self.refused += [Refused(item, "the choice is yours") for item in items if item.choice]
        self.listener(Stage("trying fixes", len(tried)))
        tips: queue.SimpleQueue[Tip] = queue.SimpleQueue()
        for tip in self.tips:
            tips.put(tip)

        def attempt(item: Item) -> _Tried:
            if stop():
                return _Tried(item)
            patches, proposals = self._propose(item)
            tip = tips.get()
            try:
                candidates = tuple(self._judge(tip, item.finding, patch) for patch in patches)
            finally:
                tips.put(tip)
            return _Tried(item, proposals, candidates)

        with workers(len(self.tips)) as pool:
            for done in pool.map(attempt, tried):
                self.listener(Advance(done.item.finding.message))
                self._decide(done)
        late = sum(refused.reason == LATE for refused in self.refused)
        if late:
            self.listener(Note(f"{late} findings were not tried: {LATE}; --minutes gives more", "warn"))
        self._check_tests()
        self._adopt(self._compose(self.kept))
        self._prune()

    def drop(self, culprit: Kept, reason: str) -> None:
        """Take a patch out of the branch and put the others together anew."""
        self.refused.append(Refused(culprit.item, reason, tried=(culprit.candidate,)))
        self._adopt(self._compose([kept for kept in self.kept if kept is not culprit]))

    def drop_tests(self, reason: str) -> None:
        """Leave the added tests out: together with the suite they don't hold."""
        self._adopt(
            self._compose(
                [replace(k, patch=replace(k.patch, tests=()), notes=(*k.notes, reason)) for k in self.kept]
            )
        )

    def _compose(self, kept: Sequence[Kept]) -> Composition:
        return compose(self.base.world, self.project, self._read, kept)

    def _adopt(self, made: Composition) -> None:
        self.branch, self.kept = made, made.kept
        self.refused += made.refused

    def _prune(self) -> None:
        """Take out what another patch answers as well, so that each cause has the smallest change."""
        looked: set[str] = set()
        while suspect := next((k for k in suspects(self.kept) if k.patch.id not in looked), None):
            looked.add(suspect.patch.id)
            without = self._compose([kept for kept in self.kept if kept is not suspect])
            if saves_nothing(self.base, self.branch, without):
                reason = f"{suspect.patch.title}: needless beside the other changes"
                self.refused.append(Refused(suspect.item, reason, tried=(suspect.candidate,)))
                self.listener(Note(f"left out: {reason}"))
                self._adopt(without)

    def _propose(self, item: Item) -> tuple[list[Patch], tuple[Proposal, ...]]:
        proposed = propose(self.project, item.finding, self._read)
        patches = [p for p in proposed if isinstance(p, Patch)]
        return patches[:MOST], tuple(p for p in proposed if isinstance(p, Proposal))

    def _judge(self, tip: Tip, finding: Finding, patch: Patch) -> Candidate:
        candidate = self._judgement(tip, finding, patch).run()
        candidate.close()
        return candidate

    def _judgement(self, tip: Tip, finding: Finding, patch: Patch) -> Judgement:
        """By cells; by the application's own tests where no cell reaches the finding's routes."""
        if self.drivers is not None and not any(c.route in finding.routes for c in self.base.cells):
            suites = self.drivers.suites
            tests = driving_tests(suites.one, finding.routes, suites.flaky)
            if tests:
                return DrivenJudgement(self.base, tip, finding, patch, self.drivers, tests)
        cells = choose_cells(self.base.cells, finding, self.project.reaches, patch)
        return Judgement(self.base, tip, finding, patch, cells)

    def _decide(self, tried: _Tried) -> None:
        item, proposals, candidates = tried.item, tried.proposals, tried.candidates
        best = max((c for c in candidates if c.verdict.kept), key=_worth, default=None)
        if best is not None:
            lost = tuple(c for c in candidates if c is not best)
            self.kept.append(Kept(item, best, best.patch, lost=lost, notes=best.notes))
            self.listener(Note(f"kept: {best.patch.title}", "good"))
            return
        reasons = [c.verdict.reason for c in candidates] or [p.reason for p in proposals]
        self.refused.append(Refused(item, reasons[0] if reasons else LATE, proposals, candidates))
        if reasons:
            self.listener(Note(f"{item.finding.message}: {reasons[0]}"))

    def _check_tests(self) -> None:
        """Keep only added tests that fail without their patch."""
        self.kept = with_distinct_tests(self.kept)
        with_tests = [k.patch for k in self.kept if k.patch.tests]
        if not with_tests:
            return
        self.listener(Stage("running the added tests on the base"))
        useful = useful_tests(self.base.world, with_tests)
        for number, kept in enumerate(self.kept):
            why = useful.get(kept.patch.id, "")
            if kept.patch.tests and why:
                notes = (*kept.notes, f"no test was added for {kept.patch.title}: {why}")
                self.kept[number] = replace(kept, patch=replace(kept.patch, tests=()), notes=notes)

    def _read(self, file: str) -> str:
        return reader(self.base.root)(file)


def _worth(candidate: Candidate) -> tuple[bool, float, float, int]:
    """No other route may pay for it; then CPU, which weighs queries against rows; then counters, then the smaller diff."""
    gains = {gain.name: gain.low for gain in candidate.verdict.gains}
    size = sum(len(edit.after) - len(edit.before or "") for edit in candidate.patch.edits)
    counted = sum(gains.get(name, 0.0) for name in ("queries", "blocking"))
    return not candidate.dearer_elsewhere, round(gains.get("cpu", 0.0), 2), counted, -size
