"""Gate 7: would the requests that prove a change tell a mistake in it? The share of mutants that they kill."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from strop.cell import Cell
from strop.event import Advance, Listener, Stage
from strop.evidence import Outcomes
from strop.fixes.write import apply
from strop.measure.serve import Served
from strop.patch import Edit, Patch
from strop.problem import Problem
from strop.proof.branch import BranchProof
from strop.proof.contract import compare_contracts
from strop.proof.judge import Base, differences
from strop.proof.mutants import Made, Mutant, make_mutants
from strop.span import Span
from strop.verdict import Gate
from strop.world.instance import Conditions
from strop.world.process import workers

MOST_CELLS = 40  # requests that a mutant is shown to, spread over their routes
LIMIT = 10.0  # seconds a request may take in a mutant: a loop that no longer ends is a difference too
ENOUGH = 0.5  # the share of mutants that must be killed
ALONE = 2  # mutants of one statement that must all survive before nobody is said to look at it


@dataclass(frozen=True, slots=True)
class Survivor:
    """A mistake that no request told."""

    span: Span
    operator: str
    change: str  # "limit + 1 -> limit", on one line
    requests: int  # that executed the line in it


@dataclass(frozen=True, slots=True)
class KillScore:
    """What became of the mutants of a change."""

    killed: int = 0
    survivors: tuple[Survivor, ...] = ()
    equivalent: int = 0  # left out: they run as the same code
    unserved: int = 0  # left out: no request of this gate executes their line
    unseen: tuple[Span, ...] = ()  # statements of which several mutants were made, and none was told
    seconds: float = 0.0

    @property
    def judged(self) -> int:
        """Mutants that were served."""
        return self.killed + len(self.survivors)

    @property
    def weakness(self) -> str:
        """Why the proof of this change is no proof, or ""."""
        if self.judged >= ALONE and self.killed < ENOUGH * self.judged:
            return f"the requests that execute the change told {self.killed} of {self.judged} mistakes made in it"
        if self.unseen:
            first = self.unseen[0]
            return f"no request tells what the statement at {first} does"
        return ""

    def gate(self) -> Gate:
        """The score as one of the gates."""
        left_out = [
            f"{self.equivalent} equivalent" * bool(self.equivalent),
            f"{self.unserved} at lines that no cell executes" * bool(self.unserved),
        ]
        more = ", ".join(filter(None, left_out))
        detail = f"{self.killed} of {self.judged} told" + (f" (left out: {more})" if more else "")
        return Gate(7, "mutants of the change", not self.weakness, detail, self.seconds)


def score(base: Base, proof: BranchProof, most: int, listener: Listener) -> KillScore:
    """Make at most `most` mistakes in the changed lines, and show each to the cells that execute them.

    The change itself is shown to the same cells first, in a process as fresh as theirs: what differs then is no
    witness.
    """
    began = time.monotonic()
    made = make_mutants(proof.root, proof.edited, most)
    given = [(mutant, _cells(base, proof, mutant)) for mutant in made.mutants]
    served = [(mutant, cells) for mutant, cells in given if cells]
    listener(Stage("making mistakes in the change", len(served)))
    told: list[bool] = []
    with workers(2) as pool:
        union = {cell.id: cell for _, cells in served for cell in cells}
        aside = set(_differing(base, proof, None, list(union.values()), first=False)) if served else set()
        served = [(mutant, [cell for cell in cells if cell.id not in aside]) for mutant, cells in served]
        trials = [pool.submit(_differing, base, proof, mutant, cells) for mutant, cells in served]
        for trial in trials:
            told.append(bool(trial.result()))
            listener(Advance())
    return replace(_sum_up(made, served, told), seconds=time.monotonic() - began)


def _sum_up(made: Made, served: Sequence[tuple[Mutant, Sequence[Cell]]], told: Sequence[bool]) -> KillScore:
    survivors = tuple(
        Survivor(mutant.span, mutant.operator, mutant.diff, len(cells))
        for (mutant, cells), known in zip(served, told, strict=True)
        if not known
    )
    fates: dict[tuple[str, tuple[int, ...]], list[bool]] = {}
    for (mutant, _), known in zip(served, told, strict=True):
        fates.setdefault((mutant.span.file, mutant.lines), []).append(known)
    unseen = [
        Span(file, lines[0]) for (file, lines), each in fates.items() if len(each) >= ALONE and not any(each)
    ]
    unserved = len(made.mutants) - len(served)
    return KillScore(sum(told), survivors, made.equivalent, unserved, tuple(unseen))


def _cells(base: Base, proof: BranchProof, mutant: Mutant) -> list[Cell]:
    """The cells that execute the mutant's statement; of what runs at the start, all."""
    wanted = {(mutant.span.file, line) for line in mutant.lines}
    cells = [cell for cell in base.cells if _ran(proof.outcomes, cell) & wanted]
    if not cells and not mutant.inside:
        cells = list(base.cells)
    return list(_spread(cells))


def _ran(outcomes: Outcomes, cell: Cell) -> set[tuple[str, int]]:
    return {(span.file, span.line) for span in outcomes[cell.id].exchange.lines}


def _spread(cells: Iterable[Cell]) -> Iterable[Cell]:
    """The first of every route, then the second of every, at most MOST_CELLS."""
    turns: Counter[str] = Counter()
    ranked = []
    for cell in cells:
        turns[cell.route] += 1
        ranked.append((turns[cell.route], cell))
    return [cell for _, cell in sorted(ranked, key=lambda pair: pair[0])[:MOST_CELLS]]


def _differing(
    base: Base, proof: BranchProof, mutant: Mutant | None, cells: Sequence[Cell], first: bool = True
) -> list[str]:
    """Where a mutant (or, without one, the change as it is) differs from the change: ids of cells, "start",
    "contract". With `first` nothing is served after the first difference.
    """
    world = base.world
    root = world.folder.tree(proof.revision)
    instance = world.instance(root)
    found: list[str] = []
    try:
        if mutant is not None:
            apply(root, _patch(root, mutant))
        served = Served(instance, Conditions(), limit=LIMIT)
        served.start()
        if mutant is not None and not mutant.inside and compare_contracts(proof.imported, served.describe()):
            return ["contract"]
        for cell in cells:
            if differences(proof.outcomes[cell.id], served.settled(cell), base.relaxed):
                found.append(cell.id)
                if first:
                    break
    except Problem as problem:
        if problem.code.startswith("W"):  # the world's own trouble, as a full disk
            raise
        return ["start"]
    finally:
        instance.close()
        world.folder.remove(root)
        shutil.rmtree(instance.place, ignore_errors=True)
    return found


def _patch(root: Path, mutant: Mutant) -> Patch:
    file = mutant.span.file
    before = (root / file).read_bytes().decode()
    return Patch("mutant", mutant.operator, "", mutant.operator, "", (Edit(file, before, mutant.text),))
