"""Gate 6: does the other side answer as the base does in a second world, too?

Rows and sets come in another order, at a later moment, with other chances. Start-up is as in the first world:
tokens that cells carry were signed with what it drew. The shift is shorter than any token lives; where a cell is
answered otherwise for it (logged out), the cell keeps its moment and only order differs.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from msgspec.structs import replace

from strop.cell import Cell, at_another_moment
from strop.event import Advance, Listener, Note, Stage
from strop.evidence import Outcome
from strop.measure.observe import UNENDING
from strop.measure.serve import Served
from strop.problem import Problem
from strop.proof.branch import BranchProof
from strop.proof.judge import Base, differences
from strop.proof.schema import Schema
from strop.proof.second import Second, lines, open_places, tell
from strop.proof.start import start_revision
from strop.verdict import Difference, Gate
from strop.world.instance import Conditions

LATER = 97.0  # seconds; another minute, and with the workload's own 30 s less than the five of a short token
CHANCE = "second world"
BARE = Conditions(record=False)
ORDER = "with rows in another order"
MOMENT = "at another moment, with other random values"


def observe_second(base: Base, first: Served, listener: Listener) -> Second | None:
    """The base in its second world; `first` still serves it in the first one. None where it does not start there.

    Costs a start, a request for each cell, and one or two more for each whose answer differs there.
    """
    if not base.cells:
        return None
    began = time.monotonic()
    listener(Stage("running the base in a second world", len(base.cells)))
    try:
        served = start_revision(base.world, "base", Schema(), BARE, backwards=True)
    except Problem as problem:
        listener(Note(f"the base does not start in a second world: {problem.message}", "warn"))
        return None
    second = Second(served, base.outcomes, base.relaxed)
    for cell in base.cells:
        _add(second, cell, first)
        listener(Advance(cell.route))
    if left := len(base.cells) - len(second.cells):
        listener(
            Note(f"{left} requests hang or end the process in the second world and are set aside", "warn")
        )
    second.places = open_places(base.outcomes, second.turned)
    second.seconds = time.monotonic() - began
    return second


def _add(second: Second, cell: Cell, first: Served) -> None:
    later = at_another_moment(cell, LATER, CHANCE)
    before = second.first[cell.id]
    outcome = _serve(second, later, before)
    if (
        outcome.answer.exception in UNENDING
    ):  # too slow there, or on this machine now: nothing to compare with
        return
    second.cells[cell.id], second.outcomes[cell.id] = later, outcome
    if not differences(before, outcome, second.relaxed):
        return
    then = _serve(second, cell, before)
    if then.answer.exception in UNENDING:
        del second.cells[cell.id], second.outcomes[cell.id]
        return
    is_open = bool(differences(before, then, second.relaxed))
    if _way(then) != _way(outcome):
        second.kept_moment += 1
        second.cells[cell.id], second.outcomes[cell.id] = cell, then
        if is_open:
            second.turned[cell.id], second.forward[cell.id] = then, before
    elif is_open:
        second.turned[cell.id], second.forward[cell.id] = then, first.serve(later)
        second.asked += 1


def _serve(second: Second, cell: Cell, before: Outcome) -> Outcome:
    """Without the recording an exchange knows no route: it is that of the first world."""
    second.asked += 1
    return replace(second.served.serve(cell), exchange=before.exchange)


def _way(outcome: Outcome) -> tuple[int, str]:
    return outcome.answer.status, outcome.answer.exception


def compare_worlds(base: Base, proof: BranchProof, schema: Schema, listener: Listener) -> None:
    """Serve every cell on the proof's revision in the second world, and add the gate to the proof."""
    second = base.second
    if second is None or not second.cells:
        return
    began = time.monotonic()
    cells = [cell for cell in base.cells if cell.id in second.cells]
    listener(Stage("proving in a second world", len(cells)))
    try:
        served = start_revision(base.world, proof.revision, schema, BARE, backwards=True)
    except Problem as problem:
        found: tuple[Difference, ...] = (
            Difference("", "", "start", "value", "starts", problem.message, ORDER),
        )
    else:
        found = tuple(_differing(second, served, cells, proof, listener))
        served.instance.close()
        base.world.folder.remove(served.instance.root)
    detail = f"{found[0].route} {found[0].path} {found[0].world}".strip() if found else "passed"
    name = f"a second world, {len(cells)} cells"
    proof.gates.append(Gate(6, name, not found, detail, time.monotonic() - began))
    proof.differences += found


def _differing(
    second: Second, served: Served, cells: Iterable[Cell], proof: BranchProof, listener: Listener
) -> Iterable[Difference]:
    for cell in cells:
        before = second.outcomes[cell.id]
        after = replace(served.serve(second.cells[cell.id]), exchange=before.exchange)
        judged = second.judge_second(after)
        proof.unspecified += lines(before.exchange.route, judged)
        if judged.differences:
            follows = second.follows_order(served.serve(cell))
            yield from tell(judged.differences, ORDER if follows else MOMENT)
        listener(Advance(cell.route))
