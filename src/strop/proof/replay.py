"""Cells and suites replayed on one tree: outcomes by key, in a world of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from strop.cell import Cell
from strop.evidence import Outcome
from strop.finding import Finding
from strop.measure.serve import Served
from strop.measure.suite import SuiteRun
from strop.target import Target
from strop.world.instance import Instance

Outcomes = dict[str, Outcome]
MIGRATION_LIMIT = 120.0  # seconds


@dataclass
class Schema:
    """What the database of a candidate needs before the application starts: revisions or statements."""

    statements: tuple[str, ...] = ()

    def with_index(self, finding: Finding) -> Schema:
        """The schema with the index that the finding asks for."""
        table, columns = finding.fact("table"), [c.strip() for c in finding.fact("columns").split(",")]
        name = "_".join(("ix", table, *columns))
        listed = ", ".join(f'"{c}"' for c in columns)
        return Schema((*self.statements, f'create index if not exists "{name}" on "{table}" ({listed})'))

    def apply(self, instance: Instance, target: Target) -> str:
        """Run the project's migrations; where they can't run, the statements. Returns a note or ""."""
        if not self.statements:
            return ""
        note = ""
        if target.migrations:
            command = [target.python, "-m", "alembic", "upgrade", "head"]
            done = instance.run(command, MIGRATION_LIMIT)
            if done.status == 0:
                return ""
            last = (done.err.strip().splitlines() or ["no message"])[-1]
            note = f"alembic upgrade head failed in the world ({last}); the index was made directly"
        instance.databases.execute(self.statements)
        return note


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
