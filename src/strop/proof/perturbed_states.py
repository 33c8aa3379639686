"""The second half of gate 4: the recorded cells in data that the user's database does not hold."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from msgspec.structs import replace

from strop.cell import Cell
from strop.event import Listener, Stage
from strop.evidence import Outcome
from strop.measure.perturb import MARK
from strop.measure.perturb_state import POSTGRESQL, SQLITE, State, states
from strop.measure.serve import Served
from strop.problem import EXIT_USAGE, Problem
from strop.proof.judge import Base
from strop.proof.side_by_side import Comparing, Perturbed
from strop.world.databases import Databases
from strop.world.instance import Conditions, World
from strop.world.process import workers

SECONDS = 20.0  # that the base is asked in one state
STATE = f"{MARK}state."

Watched = Mapping[str, Sequence[int]]
Made = Callable[[Databases], Iterable[Cell]]


def is_in_state(cell: str) -> bool:
    """Whether the id names a recorded cell in a perturbed state."""
    return STATE in cell


@contextlib.contextmanager
def pair_of(
    world: World, revision: str, watch: Watched, before: Watched = MappingProxyType({})
) -> Iterator[tuple[Served, Served]]:
    """The base and a revision, whose lines are watched (and those of the base that stand in `before`), started anew;
    afterwards nothing is left of them.
    """
    one = Served(world.instance(world.folder.tree("base")), Conditions(watch=before))
    changed = Served(world.instance(world.folder.tree(revision)), Conditions(watch=watch))
    try:
        with workers(2) as pool:
            for started in [pool.submit(side.start) for side in (one, changed)]:
                started.result()
        yield one, changed
    finally:
        for side in (one, changed):
            _close(world, side)


def _close(world: World, side: Served) -> None:
    side.instance.close()
    world.folder.remove(side.instance.root)


def serve_states(
    base: Base,
    revision: str,
    watch: Watched,
    only: Sequence[str],
    listener: Listener,
    patience: float = 1.0,
    make: Made | None = None,
) -> Perturbed:
    """Serve the recorded cells (`only` those with these ids) in one state after the other, until one differs, each for
    `patience` times SECONDS. `make` says which cells a state's databases are asked,
    where they are others than those of the base.

    Raises Problem M405 for an id that names no state.
    """
    known = states(base.imported.tables)
    for name in only:
        if name.partition(STATE)[2] not in {state for state, _ in known}:
            do = f"the states are {', '.join(state for state, _ in known)}"
            raise Problem("M405", f"there is no request {name}", do=do, status=EXIT_USAGE)
    found = Perturbed()
    opening = next((cell for cell in base.cells if base.outcomes[cell.id].exchange.queries), None)
    if opening is None:
        return found
    with pair_of(base.world, revision, watch) as sides, _third(base.world, opening) as third:
        for side in sides:
            side.serve(opening)  # many applications connect at the first request
        held = [side.instance.databases for side in sides]
        if bool(held[0].servers()) == bool(
            held[0].sqlite_files()
        ):  # no database, or two that speak differently
            return found
        known = states(base.imported.tables, POSTGRESQL if held[0].servers() else SQLITE)
        listener(Stage("serving in perturbed states", len(known) * len(base.cells)))
        for number, (name, _) in enumerate(known):
            for side in sides:
                _lead(side, known[number : number + 1])
            if (
                held[0].sizes().items() - held[1].sizes().items()
            ):  # a lock of the application kept a statement from one of them
                return found
            cells = [_in_state(cell, name) for cell in (make(held[0]) if make else base.cells)]
            cells = [cell for cell in cells if not only or cell.id in only]
            again = third.within(known[: number + 1])
            part = Comparing(again, *sides, listener, SECONDS * patience).run(cells)
            part.chosen = part.possible = len(cells)
            part.in_states = part.served
            found = found.and_then(part)
            if part.differences:
                break
    return found


def _in_state(cell: Cell, state: str) -> Cell:
    return replace(cell, id=f"{cell.id}{STATE}{state}", source="perturbed")


def _lead(side: Served, through: Sequence[State]) -> None:
    """Bring the databases of a side into the next state, and keep it as the one that cells start from."""
    for _, statements in through:
        side.instance.databases.execute(statements)
    side.instance.databases.keep()


class _Third:
    """The base in a process of its own, started when somebody first doubts a cell, in the state of that cell."""

    def __init__(self, world: World, opening: Cell) -> None:
        self._world = world
        self._opening = opening
        self._served: Served | None = None
        self._path: tuple[State, ...] = ()
        self._wanted: tuple[State, ...] = ()

    def within(self, path: Sequence[State]) -> _Third:
        """The same in the state that these lead to."""
        self._wanted = tuple(path)
        return self

    def __call__(self, cell: Cell) -> Outcome:
        if self._served is None:
            self._served = Served(self._world.instance(self._world.folder.tree("base")), Conditions())
            self._served.start()
            self._served.serve(self._opening)
        if self._path != self._wanted:
            _lead(self._served, self._wanted[len(self._path) :])
            self._path = self._wanted
        return self._served.serve(cell)

    def close(self) -> None:
        """End the process, if there is one."""
        if self._served is not None:
            _close(self._world, self._served)


@contextlib.contextmanager
def _third(world: World, opening: Cell) -> Iterator[_Third]:
    with contextlib.closing(_Third(world, opening)) as third:
        yield third
