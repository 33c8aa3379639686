"""Cells and suites replayed on one tree: outcomes by key, in a world of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from strop.cell import Cell
from strop.evidence import Outcome
from strop.measure.serve import Served
from strop.measure.suite import SuiteRun

Outcomes = dict[str, Outcome]


@dataclass
class Replay:
    """What one tree answered."""

    outcomes: Outcomes = field(default_factory=dict)
    suite: SuiteRun | None = None

    def add_suite(self, run: SuiteRun) -> None:
        """Take the requests of a suite in as outcomes: their key is the test and the ordinal in it."""
        self.suite = run
        for recorded in run.recorded:
            key = f"{recorded.test}#{recorded.ordinal}"
            self.outcomes[key] = Outcome(
                key, recorded.answer, replace(recorded.exchange, cell=key, test=recorded.test)
            )


def replay(
    served: Served,
    cells: Sequence[Cell],
    on_outcome: Callable[[Outcome], bool] = lambda _: True,
) -> Outcomes:
    """Serve the cells in their order; ends early when `on_outcome` says False."""
    outcomes: Outcomes = {}
    for cell in cells:
        outcome = served.serve(cell)
        outcomes[cell.id] = outcome
        if not on_outcome(outcome):
            break
    return outcomes


def first(cells: Iterable[Cell], routes: Iterable[str]) -> tuple[Cell, ...]:
    """The cells of these routes before all others, otherwise in their order."""
    wanted = set(routes)
    return tuple(sorted(cells, key=lambda cell: cell.route not in wanted))
