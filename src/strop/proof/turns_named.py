"""Which cells and which plan does the id of cells at once name: `c0012+c0034~as.bob~turns.0@7`?"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from strop.cell import Cell
from strop.measure.perturb import AS, MARK, TURNS, Identity, as_other, parts_of
from strop.measure.together import Plan
from strop.problem import EXIT_USAGE, Problem
from strop.proof.turns_pairs import Pair


def are_at_once(cell: str) -> bool:
    """Whether the id names cells that are served at once."""
    return TURNS in cell


def perturbed_in(names: Sequence[str]) -> tuple[str, ...]:
    """The ids of the perturbed cells in ids of cells at once."""
    heads = (part.rpartition(AS)[0] or part for name in names for part in parts_of(name))
    return tuple(dict.fromkeys(head for head in heads if MARK in head))


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


def _cell(name: str, known: Mapping[str, Cell], others: Callable[[], Sequence[Identity]]) -> Cell:
    if name in known:
        return known[name]
    head, _, subject = name.rpartition(AS)
    for identity in others() if head in known else ():
        if identity.name == subject:
            return as_other(known[head], identity)
    raise _unknown(name)


def _unknown(name: str) -> Problem:
    do = "give the options and the change that the first run had; its output names its requests"
    return Problem("M405", f"there are no requests at once {name}", do=do, status=EXIT_USAGE)
