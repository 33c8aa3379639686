"""Gate 7: would the requests that prove a change tell a mistake in it? The share of mutants that they kill."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from strop.cell import Cell
from strop.event import Advance, Listener, Stage
from strop.evidence import Outcomes
from strop.fixes.write import apply
from strop.measure.serve import Served
from strop.problem import Problem
from strop.proof.branch import BranchProof, Suites
from strop.proof.contract import compare_contracts
from strop.proof.judge import Base, differences
from strop.proof.kill_by_tests import told_by_tests
from strop.proof.mutants import Made, Mutant, make_mutants
from strop.span import Span
from strop.verdict import Gate
from strop.world.instance import Conditions
from strop.world.process import workers

MOST_CELLS = 80  # requests that a mutant is shown to, spread over their routes
LIMIT = 10.0  # seconds a request may take in a mutant: a loop that no longer ends is a difference too
ENOUGH = 0.5  # the share of mutants that must be killed
ALONE = 2  # mutants of one statement that must all survive before nobody is said to look at it


class Survivor(Struct, frozen=True):
    """A mistake that no request told."""

    span: Span
    operator: str
    change: str  # "limit + 1 -> limit", on one line
    requests: int  # cells that executed its line; beside these, tests may have


class KillScore(Struct, frozen=True):
    """What became of the mutants of a change."""

    killed: int = 0
    survivors: tuple[Survivor, ...] = ()
    equivalent: int = 0  # left out: they run as the same code
    unserved: int = 0  # left out: no cell executes their line, nor a test that was run
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
            f"{self.unserved} at lines that nothing shows" * bool(self.unserved),
        ]
        more = ", ".join(filter(None, left_out))
        detail = (
            f"{self.killed} of {self.judged} told"
            if self.judged
            else "no mistake could be shown to a request"
        )
        detail += f" (left out: {more})" if more else ""
        return Gate(7, "mutants of the change", not self.weakness, detail, self.seconds)


class _Fate(Struct):
    """One mutant on its way: the cells that it is shown to, and whether somebody told it (None: nobody was asked)."""

    mutant: Mutant
    cells: list[Cell]
    told: bool | None = None


def score(base: Base, proof: BranchProof, suites: Suites | None, most: int, listener: Listener) -> KillScore:
    """Make at most `most` mistakes in the changed lines, and show each to the cells that execute them; what these
    don't tell is shown to the application's own tests.

    The change itself is shown to both first, in processes as fresh as theirs: what differs then is no witness.
    """
    began = time.monotonic()
    made = make_mutants(proof.root, proof.edited, most)
    fates = [_Fate(mutant, _cells(base, proof, mutant)) for mutant in made.mutants]
    listener(Stage("making mistakes in the change", len(fates)))
    _ask_cells(base, proof, fates, listener)
    by_tests = told_by_tests(base, proof, suites, [fate.mutant for fate in fates if not fate.told])
    for fate in fates:
        fate.told = by_tests.get(fate.mutant, fate.told)
    return replace(_sum_up(made, fates), seconds=time.monotonic() - began)


def _ask_cells(base: Base, proof: BranchProof, fates: Sequence[_Fate], listener: Listener) -> None:
    union = {cell.id: cell for fate in fates for cell in fate.cells}
    if not union:
        return
    aside = set(_differing(base, proof, None, list(union.values()), first=False))
    with workers(2) as pool:
        trials = []
        for fate in fates:
            fate.cells = [cell for cell in fate.cells if cell.id not in aside]
            trials.append(
                pool.submit(_differing, base, proof, fate.mutant, fate.cells) if fate.cells else None
            )
        for fate, trial in zip(fates, trials, strict=True):
            if trial is not None:
                fate.told = bool(trial.result())
            listener(Advance())


def _sum_up(made: Made, fates: Sequence[_Fate]) -> KillScore:
    survivors = [
        Survivor(fate.mutant.span, fate.mutant.operator, fate.mutant.diff, len(fate.cells))
        for fate in fates
        if fate.told is False
    ]
    statements: dict[tuple[str, tuple[int, ...]], list[bool]] = {}
    for fate in fates:
        if fate.told is not None:
            statements.setdefault((fate.mutant.span.file, fate.mutant.lines), []).append(fate.told)
    return KillScore(
        killed=sum(fate.told is True for fate in fates),
        survivors=tuple(survivors),
        equivalent=made.equivalent,
        unserved=sum(fate.told is None for fate in fates),
        unseen=tuple(
            Span(file, lines[0])
            for (file, lines), told in statements.items()
            if len(told) >= ALONE and not any(told)
        ),
    )


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
            apply(root, mutant.patch)
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
