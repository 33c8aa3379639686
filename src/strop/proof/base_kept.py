"""What of a base's evidence outlives the command that made it, and how is it taken up again?

Processes don't: what stands for them starts when somebody asks for more. Clocks don't either: what a moment took on
another day says nothing beside a candidate that runs today.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from strop.cell import Cell
from strop.evidence import Evidence, Exchange, Outcome, Outcomes
from strop.measure.observe import Observation
from strop.measure.sharing import share
from strop.measure.sleeping import Sleeping
from strop.measure.suite import SuiteRun
from strop.project.function import Context, Reach
from strop.project.project import Imported, Project, Source
from strop.proof.branch import Suites
from strop.proof.judge import Base
from strop.proof.relax import Relaxed
from strop.proof.second import Second
from strop.proof.veil import Veil
from strop.proof.worlds import BARE, CHANCE, LATER
from strop.world.databases import Original
from strop.world.instance import World

NOTHING = Exchange("", "", "", "", 0, 0, 0)  # in the second world nobody asks what a cell costs


class Known(Struct):
    """All that is known of a base before any change is looked at."""

    seen: Observation
    base: Base
    suites: Suites | None
    columns: dict[str, tuple[str, ...]]  # of each table, by the name that differences give it


class KeptSecond(msgspec.Struct, frozen=True, array_like=True):
    """The base in its second world; `unmoved` are the cells that keep the first one's moment there."""

    unmoved: tuple[str, ...]
    outcomes: dict[str, Outcome]
    turned: dict[str, Outcome]
    forward: dict[str, Outcome]
    places: dict[str, tuple[str, ...]]
    asked: int


class KeptBase(msgspec.Struct, frozen=True, array_like=True):
    """The evidence of one base. `place` is the name of the folder it ran in: paths get into answers."""

    key: str
    recorded: float
    place: str
    originals: tuple[Original, ...]
    imported: Imported
    reaches: tuple[tuple[str, Context, str], ...]
    made: tuple[Cell, ...]
    cells: tuple[str, ...]
    one: tuple[Outcome, ...]
    two: tuple[Outcome, ...]
    suites: tuple[SuiteRun, ...]
    flaky: tuple[str, ...]
    notes: tuple[str, ...]
    evidence: Evidence
    relaxed: tuple[tuple[tuple[str, str], ...], tuple[str, ...]]
    second: KeptSecond | None
    columns: dict[str, tuple[str, ...]]


def keep_base(key: str, now: float, known: Known) -> KeptBase:
    """What is worth keeping; values that the user gave as secrets are veiled."""
    seen, base, suites = known.seen, known.base, known.suites
    veil = Veil(base.world.target)
    reaches = {(r.function, r.context, r.route) for ways in seen.project.reaches.values() for r in ways}
    return KeptBase(
        key=key,
        recorded=now,
        place=base.world.base.name,
        originals=base.world.originals.known(),
        imported=base.imported,
        reaches=tuple(sorted(reaches)),
        made=tuple(map(veil.hide, seen.made)),
        cells=tuple(cell.id for cell in seen.cells),
        one=tuple(seen.one.values()),
        two=tuple(seen.two.values()),
        suites=seen.suites,
        flaky=suites.flaky if suites is not None else (),
        notes=seen.notes,
        evidence=replace(seen.evidence, exchanges=()),
        relaxed=(tuple(sorted(base.relaxed.paths)), base.relaxed.lines),
        second=_keep_second(base.second) if base.second is not None else None,
        columns=known.columns,
    )


def _keep_second(second: Second) -> KeptSecond:
    return KeptSecond(
        unmoved=tuple(key for key, cell in second.cells.items() if not cell.shift),
        outcomes=_said(second.outcomes),
        turned=_said(second.turned),
        forward=_said(second.forward),
        places={route: tuple(sorted(found)) for route, found in second.places.items()},
        asked=second.asked,
    )


def _said(outcomes: Outcomes) -> dict[str, Outcome]:
    """What was seen, without what it cost."""
    return {key: replace(outcome, exchange=NOTHING) for key, outcome in outcomes.items()}


def take_base(world: World, kept: KeptBase) -> Known:
    """The base as its evidence has it; it runs when somebody asks for more than that."""
    made = tuple(map(Veil(world.target).show, kept.made))
    chosen = frozenset(kept.cells)
    cells = tuple(cell for cell in made if cell.id in chosen)
    one, two = _outcomes(kept.one), _outcomes(kept.two)
    opening = next((cell for cell in cells if one[cell.id].exchange.queries), None)

    def asleep() -> Sleeping:
        return Sleeping(world, lambda: world.instance(world.folder.tree()), opening=opening)

    root = world.folder.tree()
    project = Project(str(root), kept.imported, Source(), _reaches(kept.reaches))
    seen = Observation(project, root, asleep(), asleep(), cells, one, two, kept.suites, kept.notes, made)
    seen.evidence = replace(kept.evidence, exchanges=seen.exchanges())
    relaxed = Relaxed(frozenset(kept.relaxed[0]), kept.relaxed[1])
    base = Base(world, root, kept.imported, cells, one, two, relaxed, recorded=kept.recorded)
    base.mix = dict(kept.evidence.mix)
    if kept.second is not None:
        base.second = _take_second(world, kept.second, base)
    runs = len(kept.suites) == 2 and kept.suites[0].tests
    suites = Suites(kept.suites[0], kept.suites[1], kept.flaky) if runs else None
    return Known(seen, base, suites, kept.columns)


def _take_second(world: World, kept: KeptSecond, base: Base) -> Second:
    unmoved = frozenset(kept.unmoved)
    later = {
        cell.id: cell if cell.id in unmoved else replace(cell, shift=LATER, chance=CHANCE)
        for cell in base.cells
        if cell.id in kept.outcomes  # what hung there has none
    }
    return Second(
        served=Sleeping(world, lambda: world.instance(world.folder.tree(), backwards=True), BARE),
        first=base.outcomes,
        relaxed=base.relaxed,
        cells=later,
        outcomes=_unsaid(kept.outcomes, base),
        turned=_unsaid(kept.turned, base),
        forward=_unsaid(kept.forward, base),
        places={route: frozenset(found) for route, found in kept.places.items()},
        kept_moment=len(unmoved),
        asked=kept.asked,
    )


def _unsaid(said: Outcomes, base: Base) -> Outcomes:
    return {key: replace(outcome, exchange=base.outcomes[key].exchange) for key, outcome in said.items()}


def _outcomes(kept: Iterable[Outcome]) -> Outcomes:
    return {outcome.cell: replace(outcome, exchange=share(outcome.exchange)) for outcome in kept}


def _reaches(kept: Iterable[tuple[str, Context, str]]) -> dict[str, tuple[Reach, ...]]:
    """Which routes reach which functions; the calls between are not kept."""
    found: dict[str, tuple[Reach, ...]] = {}
    for function, context, route in kept:
        found[function] = (*found.get(function, ()), Reach(function, context, route))
    return found
