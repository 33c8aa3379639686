"""Who may ask, where nobody told strop a login? The application's own tests log in: their credentials may hold in the data, too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from msgspec.structs import replace

from strop.cell import Cell, Request
from strop.evidence import Outcomes
from strop.measure.generate import generate
from strop.measure.perturb import Header, credentials
from strop.measure.serve import Served
from strop.measure.suite import SuiteRun
from strop.project.project import Imported
from strop.target import Target

MARK = "t"  # begins the ids of these cells
REFUSED = frozenset({401, 403})  # how an answer says that somebody else must ask
TRIED = 4  # credentials, and refused requests with each


def is_borrowed(cell: str) -> bool:
    """Whether this is the id of a cell that carries credentials of the tests."""
    return cell.startswith(MARK) and "::" not in cell


def borrow(
    target: Target,
    imported: Imported,
    served: Served,
    cells: Sequence[Cell],
    outcomes: Outcomes,
    run: SuiteRun,
) -> tuple[Cell, ...]:
    """Cells with credentials of the tests, where requests without any are refused and these are not.

    `outcomes` are those of `cells` that are known already.
    """
    refused = [c for c in cells if (outcomes.get(c.id) or served.serve(c)).answer.status in REFUSED]
    refused.sort(key=lambda cell: cell.request.method != "GET")
    for headers in _candidates(run) if refused else ():
        if any(_is_let_in(served, cell, headers) for cell in refused[:TRIED]):
            made = generate(target, imported, served.instance.databases, headers)
            return tuple(replace(cell, id=f"{MARK}{cell.id[1:]}") for cell in made if cell.identity)
    return ()


def _candidates(run: SuiteRun) -> Iterator[tuple[Header, ...]]:
    """Credentials with which the tests got an answer, those that they use most first."""
    used = Counter(
        credentials(recorded.request) for recorded in run.recorded if 200 <= recorded.answer.status < 300
    )
    yield from [headers for headers, _ in used.most_common(TRIED + 1) if headers][:TRIED]


def _is_let_in(served: Served, cell: Cell, headers: tuple[Header, ...]) -> bool:
    request = Request(
        cell.request.method, cell.request.path, (*cell.request.headers, *headers), cell.request.body
    )
    return served.serve(replace(cell, request=request)).answer.status < 300
