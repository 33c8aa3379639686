"""Which cells and which plan does the id of cells at once name: `c0012+c0034~as.bob~turns.0@7`?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from strop.cell import Cell
from strop.measure.perturb import TURNS, Identity, as_other, parent_of, parts_of
from strop.measure.together import Plan
from strop.problem import EXIT_USAGE, Problem
from strop.proof.turns_pairs import Pair


def are_at_once(cell: str) -> bool:
    """Whether the id names cells that are served at once."""
    return TURNS in cell


def plan_of(name: str) -> Plan:
    """The plan for two cells at the end of an id. Raises Problem M405 where it is none."""
    text = name.rpartition(TURNS)[2]
    found = re.fullmatch(r"([01])(?:@(\d+))?|r(\d+)", text)
    if found is None:
        raise _unknown(name)
    first, step, seed = found.groups()
    if seed is not None:
        order = (int(seed) % 2, 1 - int(seed) % 2)
        return Plan(order, seed=int(seed))
    holds = ((int(first), int(step)),) if step else ()
    return Plan((int(first), 1 - int(first)), holds)


def named_pairs(
    cells: Sequence[Cell], others: Callable[[], Sequence[Identity]], only: Sequence[str]
) -> list[Pair]:
    """The pairs with these ids. Raises Problem M405."""
    known = {cell.id: cell for cell in cells}
    pairs = []
    for name in only:
        pair = tuple(_cell(part, known, others) for part in parts_of(name))
        if len(pair) != 2:
            raise _unknown(name)
        pairs.append(pair)
    return list({tuple(cell.id for cell in pair): pair for pair in pairs}.values())


def _cell(name: str, known: dict[str, Cell], others: Callable[[], Sequence[Identity]]) -> Cell:
    parent = known.get(parent_of(name))
    if parent is not None and name == parent.id:
        return parent
    for other in _as_others(parent, others):
        if other.id == name:
            return other
    raise _unknown(name)


def _as_others(parent: Cell | None, others: Callable[[], Sequence[Identity]]) -> Iterator[Cell]:
    if parent is not None:
        yield from (as_other(parent, identity) for identity in others())


def _unknown(name: str) -> Problem:
    do = "give the options and the change that the first run had; its output names its requests"
    return Problem("M405", f"there are no requests at once {name}", do=do, status=EXIT_USAGE)
