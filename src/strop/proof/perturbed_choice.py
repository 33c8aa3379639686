"""Which perturbed cells are served for one change? Those of the routes that it can reach first, of every kind before many of one."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest

from strop.cell import Cell
from strop.evidence import Outcomes
from strop.measure.generate import Operation
from strop.measure.perturb import LATER, Pool, perturb
from strop.measure.unlike import Json
from strop.patch import Edit, Patch
from strop.project.function import Reach
from strop.proof.chosen import edited_functions
from strop.proof.lint import runs_at_import
from strop.tree import module_tree

TIMES = 15  # perturbed cells for each recorded one
MOST = 2000
ELSEWHERE = 1  # for each recorded one of routes that the change does not reach
CONSTANTS = 8  # of each type, from the functions that changed
LENGTH = 60  # characters of a text that is worth sending

Operations = Mapping[str, Operation]


def by_key(operations: Iterable[Operation]) -> dict[str, Operation]:
    """The operations by method and path, whatever converters stand in it."""
    return {plain(operation.key): operation for operation in operations}


def operation_of(cell: Cell, outcomes: Outcomes, operations: Operations) -> Operation | None:
    """The operation that a recorded cell calls, as far as OpenAPI knows it."""
    served = outcomes[cell.id].exchange.route if cell.id in outcomes else ""
    return operations.get(plain(cell.route)) or operations.get(plain(served))


def plain(key: str) -> str:
    """A route's method and path without the converters in it."""
    return re.sub(r"{(\w+):\w+}", r"{\1}", key)


def reached_routes(edits: Sequence[Edit], reaches: Mapping[str, Sequence[Reach]]) -> frozenset[str] | None:
    """Routes that the edited functions serve; None where the change can reach every route."""
    both = both_ways(edits)
    if runs_at_import(both):
        return None
    found = {reach.route for name in edited_functions(both) for reach in reaches.get(name, ())}
    return frozenset(map(plain, found)) or None


def both_ways(edits: Sequence[Edit]) -> Patch:
    """The change and its reverse: what was removed stands only in the text before."""
    readable = [edit for edit in edits if _parses(edit.after) and _parses(edit.before or "")]
    back = [Edit(edit.file, edit.after, edit.before) for edit in readable if edit.before is not None]
    return Patch("", "", "", "", "", (*readable, *back))


def _parses(text: str) -> bool:
    try:
        module_tree(text)
    except (SyntaxError, ValueError):
        return False
    return True


def constants(edits: Sequence[Edit]) -> tuple[Json, ...]:
    """Numbers and short texts in the functions that changed, before and after: where behaviour may turn."""
    both = both_ways(edits)
    names = {name.partition(":")[2].rpartition(".")[2] for name in edited_functions(both)}
    found: dict[tuple[type, Json], None] = {}
    for edit in both.edits:
        for node in ast.walk(module_tree(edit.after)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name in names:
                found |= {(type(value), value): None for value in _constants(node)}
    values = [value for _, value in found]
    numbers = [v for v in values if not isinstance(v, str)]
    texts = [v for v in values if isinstance(v, str)]
    return (*numbers[:CONSTANTS], *texts[:CONSTANTS])


def _constants(function: ast.AST) -> Iterator[Json]:
    for node in ast.walk(function):
        if isinstance(node, ast.Constant) and not isinstance(node.value, bool):
            value = node.value
            if isinstance(value, int | float) or (isinstance(value, str) and 0 < len(value) <= LENGTH):
                yield value


def choose_perturbed(
    cells: Sequence[Cell],
    outcomes: Outcomes,
    operations: Operations,
    pool: Pool,
    reached: frozenset[str] | None,
    recorded: int = 0,
) -> tuple[tuple[Cell, ...], int]:
    """The perturbed cells to serve, at most TIMES the recorded ones (these cells, or as many as are said) and MOST,
    and how many there could be.

    Requests that are recorded already, or perturbed from another cell, are left out. They come in the order of
    routes that can be reached, each in turn.
    """
    most = min(MOST, TIMES * (recorded or len(cells)))
    taken = {(cell.request, False) for cell in cells}
    by_route: defaultdict[str, list[Cell]] = defaultdict(list)
    for cell in cells:
        operation = operation_of(cell, outcomes, operations)
        if operation is not None:
            by_route[plain(operation.key)].append(cell)
    near: list[list[Cell]] = []
    far: list[list[Cell]] = []
    total = 0
    for route, parents in by_route.items():
        made = []
        for cell in _beside(parents, outcomes, operations, pool):
            key = (cell.request, cell.ordinal == LATER)
            if key not in taken:
                taken.add(key)
                made.append(cell)
        total += len(made)
        if reached is None or route in reached:
            near.append(made)
        else:
            far.append(made[: ELSEWHERE * len(parents)])
    return tuple([*_in_turn(near), *_in_turn(far)][:most]), total


def _beside(
    parents: Sequence[Cell], outcomes: Outcomes, operations: Operations, pool: Pool
) -> Iterator[Cell]:
    """Those beside the most telling parent come densest: it was answered well, and somebody sent it."""

    def rank(cell: Cell) -> tuple[bool, bool, bool]:
        answered = cell.id in outcomes and 200 <= outcomes[cell.id].answer.status < 300
        return not answered, not cell.identity, not cell.request.body

    weighed: list[tuple[int, int, Cell]] = []
    for place, parent in enumerate(sorted(parents, key=rank)):
        operation = operation_of(parent, outcomes, operations)
        if operation is not None:
            weighed += [
                (number * (place + 1), place, cell)
                for number, cell in enumerate(perturb(parent, operation, pool))
            ]
    yield from (cell for _, _, cell in sorted(weighed, key=lambda each: each[:2]))


def _in_turn(lists: Sequence[Sequence[Cell]]) -> Iterator[Cell]:
    for row in zip_longest(*lists):
        yield from (cell for cell in row if cell is not None)
