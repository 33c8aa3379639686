"""One change of a corpus, judged as `strop prove` judges it, against a base that was observed once."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from corpus_changes import Change
from msgspec.structs import replace

from strop.actions.base import observe_base
from strop.actions.prove import Proving
from strop.cell import Cell
from strop.event import ignore
from strop.measure.observe import Workload
from strop.measure.serve import Served
from strop.patch import Edit, Patch
from strop.problem import Problem
from strop.proof.base_kept import Known
from strop.proof.branch import hangs_on_time
from strop.proof.contract import compare_contracts
from strop.proof.judge import differences
from strop.proof.lint import runs_at_import
from strop.proof.perturbed import Perturbing
from strop.proof.perturbed_choice import plain, reached_routes
from strop.verdict import Behaviour, Difference, Gate, Verdict
from strop.world import git
from strop.world.instance import Conditions, World

LIMIT = 10.0  # seconds a request may take at first: a loop that no longer ends is a difference too
PATIENCE = 3.0  # how many times the usual time mistakes have in gate 4: the machine may have other work


@dataclass(frozen=True, slots=True)
class Judged:
    """What was said of one change."""

    change: Change
    verdict: Verdict
    seconds: float

    @property
    def is_told(self) -> bool:
        """Whether it was called different."""
        return self.verdict.behaviour is Behaviour.DIFFERENT

    @property
    def is_wrong(self) -> bool:
        """Whether that is a mistake of strop's that nobody has explained."""
        if self.change.group == "neutral":
            return self.is_told
        return not self.is_told and not self.change.because

    @property
    def gate(self) -> int:
        """The gate that told it; 0 where none did."""
        return next((gate.number for gate in self.verdict.gates if not gate.passed and gate.number != 7), 0)

    @property
    def where(self) -> str:
        """What differed first, or what the word rests on."""
        first = self.verdict.differences[0] if self.verdict.differences else None
        if first is None:
            score = next((g.detail for g in self.verdict.gates if g.number == 7), "")
            return score or self.verdict.reason or f"{self.verdict.reached} requests executed it"
        more = first.after if first.path in ("contract", "start") else first.cell
        return f"{first.route} {first.path} {more}"

    def __str__(self) -> str:
        return (
            f"{'WRONG' if self.is_wrong else 'ok':5} {self.change.group:8} {self.change.name[:90]:90} "
            f"{self.verdict.behaviour.value:12} {f'gate {self.gate}' if self.gate else '':7} "
            f"{self.where[:80]:80} {self.seconds:5.1f} s"
        )


class Bench:
    """The base, observed once: what every change is judged against."""

    def __init__(self, world: World, mutants: int) -> None:
        self.world = world
        self.mutants = mutants
        self.known: Known = observe_base(world, Workload(), ignore)
        self.perturbing = Perturbing(self.known.seen, self.known.base)
        self.perturbing.prepare()

    def judge(self, change: Change) -> Judged:
        """Through the gates of `strop prove`, until one differs.

        Mistakes are first shown to the recorded requests of the routes that they reach, which ends most at once, and then
        to these gates with those routes alone: others could only tell more. A neutral edit goes through all gates with all
        recorded requests; perturbed are those of the routes that it reaches.
        """
        began = time.monotonic()
        tree = self.world.folder.tree("base")
        edits = [Edit(file, (tree / file).read_text(), text) for file, text in change.files]
        for file, text in change.files:
            (tree / file).write_text(text)
        near, is_mistake = self._near(edits), change.group != "neutral"
        verdict = self._look(tree, edits, near) if is_mistake else None
        if verdict is None:
            revision = git.commit(tree, [file for file, _ in change.files], change.name[:60], "")
            verdict = self._doubt(revision, near) if is_mistake else self._prove(revision, near)
        self.world.folder.remove(tree)
        return Judged(change, verdict, time.monotonic() - began)

    def _prove(self, revision: str, near: Sequence[Cell]) -> Verdict:
        known = self.known
        perturbing = self.perturbing.beside(replace(known.base, cells=tuple(near)))
        proving = Proving(self.world, known.base, known.suites, revision, perturbing=perturbing)
        return proving.judge(proving.run(cost=False, mutants=self.mutants))

    def _doubt(self, revision: str, near: Sequence[Cell]) -> Verdict:
        """What these cells tell with all that is made of them; the tests, which cost more here, are asked at the end."""
        base = replace(self.known.base, cells=tuple(near))
        perturbing = self.perturbing.beside(base, PATIENCE)
        proving = Proving(self.world, base, None, revision, perturbing=perturbing)
        verdict = proving.judge(proving.run(cost=False))
        if verdict.behaviour is Behaviour.DIFFERENT or self.known.suites is None:
            return verdict
        tested = Proving(self.world, replace(base, second=None), self.known.suites, revision)
        other = tested.judge(tested.run(cost=False))
        if other.behaviour is Behaviour.DIFFERENT or verdict.behaviour is Behaviour.INSUFFICIENT:
            return other
        return replace(verdict, reached=verdict.reached + other.reached)

    def _look(self, tree: Path, edits: list[Edit], near: list[Cell]) -> Verdict | None:
        """What routes, OpenAPI and recorded requests tell, one after the other; None where they tell nothing."""
        instance = self.world.instance(tree)
        served = Served(instance, Conditions(), limit=LIMIT)
        try:
            served.start()
            if runs_at_import(Patch("", "", "", "", "", tuple(edits))):
                imported = served.describe()
                changed = compare_contracts(self.known.base.imported, imported)
                if changed:
                    return _told(1, Difference("", "", "contract", "value", "", changed[0]))
            for cell in near:
                found = self._differing(served, cell)
                if found:
                    return _told(3, found[0])
        except Problem as problem:
            if problem.code.startswith("W"):  # the world's own trouble, as a full disk
                raise
            return _told(1, Difference("", "", "start", "value", "starts", problem.message))
        finally:
            instance.close()
        return None

    def _differing(self, served: Served, cell: Cell) -> tuple[Difference, ...]:
        base = self.known.base
        outcome = served.settled(cell)
        if hangs_on_time(outcome):
            return ()
        found = differences(base.outcomes[cell.id], outcome, base.relaxed)
        if found and base.second is not None:
            return base.second.judge_first(outcome).differences
        return found

    def _near(self, edits: list[Edit]) -> list[Cell]:
        """Those of the routes that the change reaches, the first of each before the second of any."""
        reached = reached_routes(edits, self.known.seen.project.reaches)
        turns: Counter[str] = Counter()
        ranked = []
        for cell in self.known.base.cells:
            if reached is None or plain(cell.route) in reached:
                turns[cell.route] += 1
                ranked.append((turns[cell.route], cell))
        return [cell for _, cell in sorted(ranked, key=lambda pair: pair[0])]


def _told(number: int, found: Difference) -> Verdict:
    gate = Gate(number, "the first that tells it", False, f"{found.route} {found.path}".strip())
    return Verdict(Behaviour.DIFFERENT, False, gate.detail, (gate,), differences=(found,))
