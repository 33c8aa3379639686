"""Which cells are served at once for one change? Those that execute it, beside themselves and each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import islice, pairwise, zip_longest

from strop.cell import Answer, Cell
from strop.evidence import Outcomes
from strop.measure.perturb import Identity, as_other, credentials

MOST = 8  # pairs
ASKED = 20  # routes of which the base is asked whether it matters who asks
EACH = 3  # cells of a route that are looked at

Pair = tuple[Cell, ...]


def choose_pairs(
    cells: Sequence[Cell],
    outcomes: Outcomes,
    others: Sequence[Identity],
    ask: Callable[[Cell], Answer],
) -> list[Pair]:
    """Pairs of cells, at most MOST, of every kind before many of one.

    Of each route: two subjects at once (first where it matters who asks, which the base is
    asked), a request sent twice, two requests; and requests of two routes.
    """
    by_route = _by_route(cells, outcomes)
    by_subject = sorted(islice(_as_two(by_route, others), ASKED), key=lambda pair: not _matters(pair, ask))
    kinds = (by_subject, _twice(by_route), _two(by_route), _across(by_route))
    turns = (pair for row in zip_longest(*kinds) for pair in row if pair is not None)
    distinct = {tuple(cell.id for cell in pair): pair for pair in turns}
    return list(distinct.values())[:MOST]


def _by_route(cells: Sequence[Cell], outcomes: Outcomes) -> list[list[Cell]]:
    """The most telling cells of each route: answered well, writing, with credentials. Routes that write come first."""

    def rank(cell: Cell) -> tuple[bool, bool, bool]:
        outcome = outcomes[cell.id]
        return (
            outcome.answer.status >= 400 or bool(outcome.answer.exception),
            not outcome.rows,
            not cell.identity,
        )

    found: dict[str, list[Cell]] = {}
    for cell in sorted(cells, key=rank):
        route = found.setdefault(outcomes[cell.id].exchange.route or cell.route, [])
        if len(route) < EACH:
            route.append(cell)
    return list(found.values())


def _twice(routes: Sequence[Sequence[Cell]]) -> Iterator[Pair]:
    return ((route[0], route[0]) for route in routes)


def _as_two(routes: Sequence[Sequence[Cell]], others: Sequence[Identity]) -> Iterator[Pair]:
    for route in routes:
        for cell in route:
            own = credentials(cell.request)
            other = next((each for each in others if each.headers != own), None)
            if own and other is not None:
                yield cell, as_other(cell, other)
                break


def _matters(pair: Pair, ask: Callable[[Cell], Answer]) -> bool:
    """Whether the two subjects are answered differently."""
    one, other = map(ask, pair)
    return (one.status, one.body) != (other.status, other.body)


def _two(routes: Sequence[Sequence[Cell]]) -> Iterator[Pair]:
    return ((route[0], route[1]) for route in routes if len(route) > 1)


def _across(routes: Sequence[Sequence[Cell]]) -> Iterator[Pair]:
    return ((one[0], other[0]) for one, other in pairwise(routes))
