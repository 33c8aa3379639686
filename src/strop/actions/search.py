"""The search for patches worth keeping: every alternative alone against the base, two at a time, and then
those that were kept together on one branch.
"""

from __future__ import annotations

import queue
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from strop.actions.relocate import Moved
from strop.cell import Cell
from strop.event import Advance, Listener, Note, Stage
from strop.finding import Finding
from strop.fixes.registry import propose
from strop.fixes.write import apply
from strop.patch import Patch, Proposal
from strop.plan import Item
from strop.problem import Problem
from strop.project.imported import read_imported
from strop.project.join import join
from strop.project.project import Project
from strop.project.source import read_source
from strop.proof.driven import DrivenJudgement, Drivers, driving_tests
from strop.proof.judge import Base, Candidate, Judgement, Tip
from strop.proof.regression import useful_tests
from strop.proof.schema import Schema
from strop.world import git
from strop.world.process import workers

MOST = 3  # alternatives that are tried for one finding


@dataclass(frozen=True, slots=True)
class Kept:
    """A patch on the branch, with the alternatives that lost against it."""

    item: Item
    candidate: Candidate
    patch: Patch
    commit: str = ""
    schema: Schema = field(default_factory=Schema)
    lost: tuple[Candidate, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """A finding that stays, and why: what was proposed and what was tried."""

    item: Item
    reason: str
    proposals: tuple[Proposal, ...] = ()
    tried: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class _Work:
    """A finding with what its fixes made of it."""

    item: Item
    patches: tuple[Patch, ...]
    proposals: tuple[Proposal, ...]


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
    revision: str = "base"
    schema: Schema = field(default_factory=Schema)

    def run(self, items: Sequence[Item], stop: Callable[[], bool] = lambda: False) -> None:
        """Try every item that is not the user's choice, the dearest first; then put the kept ones together."""
        works = [self._propose(item) for item in items if not item.choice]
        self.refused += [Refused(item, "the choice is yours") for item in items if item.choice]
        self.listener(Stage("trying fixes", sum(len(work.patches) for work in works)))
        tips: queue.SimpleQueue[Tip] = queue.SimpleQueue()
        for tip in self.tips:
            tips.put(tip)

        def judge(work: _Work) -> list[Candidate]:
            tip = tips.get()
            try:
                return (
                    [] if stop() else [self._judge(tip, work.item.finding, patch) for patch in work.patches]
                )
            finally:
                tips.put(tip)

        with workers(len(self.tips)) as pool:
            for work, candidates in zip(works, pool.map(judge, works), strict=True):
                self._decide(work, candidates)
        self._check_tests()
        self.compose()

    def drop(self, culprit: Kept, reason: str) -> None:
        """Take a patch out of the branch and put the others together anew."""
        self.refused.append(Refused(culprit.item, reason, tried=(culprit.candidate,)))
        self.kept = [kept for kept in self.kept if kept is not culprit]
        self.compose()

    def drop_tests(self, reason: str) -> None:
        """Leave the added tests out: together with the suite they don't hold."""
        self.kept = [
            replace(k, patch=replace(k.patch, tests=()), notes=(*k.notes, reason)) for k in self.kept
        ]
        self.compose()

    def compose(self) -> None:
        """One commit for each kept patch, in the order of what the findings cost.

        A patch whose files an earlier one has changed is made anew from the branch as it stands; the proof
        of the branch judges the whole.
        """
        tree = self.base.world.folder.tree("base")
        self.revision, self.schema = "base", Schema()
        touched: set[str] = set()
        composed: list[Kept] = []
        for kept in self.kept:
            patch = self._fitting(kept, tree, touched)
            try:
                if patch is None:
                    raise Problem("P601", "an earlier patch changed the same lines")
                apply(tree, patch)
            except Problem as problem:
                self.refused.append(
                    Refused(kept.item, f"not on this branch: {problem.message}", tried=(kept.candidate,))
                )
                continue
            files = [edit.file for edit in (*patch.edits, *patch.tests)]
            touched |= set(files)
            self.revision = git.commit(tree, files, patch.title, patch.why)
            if patch.touches_schema:
                self.schema = self.schema.with_index(kept.item.finding)
            composed.append(replace(kept, patch=patch, commit=self.revision, schema=self.schema))
        self.kept = composed

    def _propose(self, item: Item) -> _Work:
        proposed = propose(self.project, item.finding, self._read)
        patches = [p for p in proposed if isinstance(p, Patch)]
        return _Work(item, tuple(patches[:MOST]), tuple(p for p in proposed if isinstance(p, Proposal)))

    def _judge(self, tip: Tip, finding: Finding, patch: Patch) -> Candidate:
        candidate = self._judgement(tip, finding, patch).run()
        candidate.close()
        self.listener(Advance(patch.title))
        return candidate

    def _judgement(self, tip: Tip, finding: Finding, patch: Patch) -> Judgement:
        """By cells; by the application's own tests where no cell reaches the finding's routes."""
        if self.drivers is not None and not any(c.route in finding.routes for c in self.base.cells):
            suites = self.drivers.suites
            tests = driving_tests(suites.one, finding.routes, suites.flaky)
            if tests:
                return DrivenJudgement(self.base, tip, finding, patch, self.drivers, tests)
        cells = choose_cells(self.base.cells, finding, self.project, patch)
        return Judgement(self.base, tip, finding, patch, cells)

    def _decide(self, work: _Work, candidates: Sequence[Candidate]) -> None:
        best = max((c for c in candidates if c.verdict.kept), key=_worth, default=None)
        if best is not None:
            lost = tuple(c for c in candidates if c is not best)
            self.kept.append(Kept(work.item, best, best.patch, lost=lost, notes=best.notes))
            self.listener(Note(f"kept: {best.patch.title}", "good"))
            return
        reasons = [c.verdict.reason for c in candidates] or [p.reason for p in work.proposals]
        reason = reasons[0] if reasons else "the time that was given was used up"
        self.refused.append(Refused(work.item, reason, work.proposals, tuple(candidates)))
        self.listener(Note(f"{work.item.finding.message}: {reason}"))

    def _check_tests(self) -> None:
        """Keep only added tests that fail without their patch."""
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

    def _fitting(self, kept: Kept, tree: Path, touched: set[str]) -> Patch | None:
        """The patch as it was judged, or made anew where earlier patches moved what it stands on."""
        patch = kept.patch
        stale = touched & {edit.file for edit in (*patch.edits, *patch.tests)}
        if not stale and not (patch.touches_schema and self.schema.statements):
            return patch
        again = propose(self._project_in(tree), self._moved(tree).finding(kept.item.finding), _reader(tree))
        same = (p for p in again if isinstance(p, Patch) and (p.fix, p.option) == (patch.fix, patch.option))
        found = next(same, None)
        if found is None:
            return None
        return replace(found, tests=found.tests if patch.tests else ())

    def _project_in(self, tree: Path) -> Project:
        instance = self.base.world.instance(tree)
        try:
            return join(tree, read_imported(instance), read_source(tree, self.base.world.target.sources))
        finally:
            instance.close()

    def _read(self, file: str) -> str:
        return _reader(self.base.root)(file)

    def _moved(self, tree: Path) -> Moved:
        return Moved(self._read, _reader(tree))


def _reader(root: Path) -> Callable[[str], str]:
    return lambda file: (root / file).read_text(encoding="utf-8")


def choose_cells(cells: Sequence[Cell], finding: Finding, project: Project, patch: Patch) -> tuple[Cell, ...]:
    """All cells of the routes that the finding or an edited function reaches, and one of every other route.

    The whole workload is served again when the branch is proved.
    """
    routes = set(finding.routes)
    edited = {edit.file for edit in patch.edits}
    for identity, reaches in project.reaches.items():
        if identity.partition(":")[0] in edited:
            routes |= {reach.route for reach in reaches} if len(edited) == 1 else set()
    seen: set[str] = set()
    chosen = []
    for cell in cells:
        if cell.route in routes or cell.route not in seen:
            chosen.append(cell)
        seen.add(cell.route)
    return tuple(chosen)


def _worth(candidate: Candidate) -> tuple[bool, float, float, int]:
    """No other route may pay for it; then CPU, which weighs queries against rows; then counters, then the smaller diff."""
    gains = {gain.name: gain.low for gain in candidate.verdict.gains}
    size = sum(len(edit.after) - len(edit.before or "") for edit in candidate.patch.edits)
    counted = sum(gains.get(name, 0.0) for name in ("queries", "blocking"))
    return not candidate.dearer_elsewhere, round(gains.get("cpu", 0.0), 2), counted, -size
