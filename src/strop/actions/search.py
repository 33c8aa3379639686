"""The search for patches worth keeping: one finding after the other, alternatives against each other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from strop.actions.relocate import Moved
from strop.cell import Cell
from strop.event import Advance, Listener, Note, Stage
from strop.finding import Finding
from strop.fixes.registry import propose
from strop.patch import Patch, Proposal
from strop.plan import Item
from strop.project.join import join
from strop.project.project import Project
from strop.project.source import read_source
from strop.proof.judge import Base, Candidate, Judgement, Tip
from strop.proof.regression import check_test
from strop.proof.schema import Schema
from strop.world import git

MOST = 3  # alternatives that are tried for one finding


@dataclass(frozen=True, slots=True)
class Kept:
    """A patch on the branch, with the alternatives that lost against it."""

    item: Item
    candidate: Candidate
    patch: Patch
    commit: str
    lost: tuple[Candidate, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Refused:
    """A finding that stays, and why: what was proposed and what was tried."""

    item: Item
    reason: str
    proposals: tuple[Proposal, ...] = ()
    tried: tuple[Candidate, ...] = ()


@dataclass
class Search:
    """The state of the search: the project as it is on the branch, and the branch's tip."""

    base: Base
    tip: Tip
    project: Project
    listener: Listener
    kept: list[Kept] = field(default_factory=list)
    refused: list[Refused] = field(default_factory=list)
    _checks: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))
    _checked: dict[str, Future[str]] = field(default_factory=dict)

    def run(self, items: Sequence[Item], stop: Callable[[], bool] = lambda: False) -> None:
        """Try every item that is not the user's choice, the dearest first."""
        self.listener(Stage("trying fixes", len(items)))
        for item in items:
            if item.choice:
                self.refused.append(Refused(item, "the choice is yours"))
            elif stop():
                self.refused.append(Refused(item, "the time that was given was used up"))
            else:
                self._try(item)
            self.listener(Advance(item.finding.message))

    def drop(self, culprit: Kept, reason: str) -> None:
        """Take a patch out of the branch, and with it those that can't stand without it."""
        world = self.base.world
        tree = world.folder.tree("base")
        kept, self.kept = self.kept, []
        self.refused.append(Refused(culprit.item, reason, tried=(culprit.candidate,)))
        schema = Schema()
        revision = "base"
        for one in kept:
            if one is culprit:
                continue
            try:
                revision = git.pick(tree, one.commit)
            except git.GitFailed:
                self.refused.append(Refused(one.item, f"stands on a patch that was taken out: {reason}"))
                continue
            if one.patch.touches_schema:
                schema = schema.with_index(one.item.finding)
            self.kept.append(replace(one, commit=revision))
        self.tip = replace(self.tip, revision=revision, root=tree, schema=schema)

    def _try(self, item: Item) -> None:
        finding = self._moved().finding(item.finding)
        proposed = propose(self.project, finding, self._read)
        patches = [p for p in proposed if isinstance(p, Patch)]
        proposals = tuple(p for p in proposed if isinstance(p, Proposal))
        candidates = [self._judge(finding, patch) for patch in patches[:MOST]]
        best = max((c for c in candidates if c.verdict.kept), key=_worth, default=None)
        for candidate in candidates:
            if candidate is not best:
                candidate.close()
        if best is None:
            self._refuse(item, proposals, tuple(candidates))
            return
        self._keep(item, best, tuple(c for c in candidates if c is not best))

    def _judge(self, finding: Finding, patch: Patch) -> Candidate:
        if patch.tests:  # on the other core, while the gates are passed
            checked = self._checks.submit(check_test, self.base.world, self.tip.revision, patch)
            self._checked[patch.id] = checked
        cells = choose_cells(self.base.cells, finding, self.project, patch)
        return Judgement(self.base, self.tip, finding, patch, cells).run()

    def _refuse(self, item: Item, proposals: tuple[Proposal, ...], tried: tuple[Candidate, ...]) -> None:
        reasons = [c.verdict.reason for c in tried] or [p.reason for p in proposals]
        self.refused.append(Refused(item, reasons[0] if reasons else "no fix is known", proposals, tried))
        self.listener(Note(f"{item.finding.message}: {self.refused[-1].reason}"))

    def _keep(self, item: Item, best: Candidate, lost: tuple[Candidate, ...]) -> None:
        patch, notes = best.patch, best.notes
        if patch.tests:
            wrong = self._checked[patch.id].result()
            if wrong:
                notes += (f"no test was added: {wrong}",)
                for edit in patch.tests:
                    _restore(best.root, edit.file, edit.before)
                patch = replace(patch, tests=())
        files = [edit.file for edit in (*patch.edits, *patch.tests)]
        revision = git.commit(best.root, files, patch.title, patch.why)
        assert best.served is not None
        assert best.imported is not None
        self.tip.served.instance.close()
        self.tip = Tip(revision, best.root, best.served, dict(best.outcomes), best.schema)
        source = read_source(best.root, self.base.world.target.sources)
        self.project = join(best.root, best.imported, source)
        self.kept.append(Kept(item, best, patch, revision, lost, notes))
        self.listener(Note(f"kept: {patch.title}", "good"))

    def _read(self, file: str) -> str:
        return (self.tip.root / file).read_text(encoding="utf-8")

    def _moved(self) -> Moved:
        base = self.base.root
        return Moved(lambda file: (base / file).read_text(encoding="utf-8"), self._read)


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
    return (
        not candidate.dearer_elsewhere,
        round(gains.get("cpu", 0.0), 2),
        sum(gains.get(n, 0.0) for n in ("queries", "blocking")),
        -size,
    )


def _restore(root: Path, file: str, before: str | None) -> None:
    path = root / file
    if before is None:
        path.unlink(missing_ok=True)
    else:
        path.write_text(before, encoding="utf-8")
