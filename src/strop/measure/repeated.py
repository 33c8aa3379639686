"""Does what a request does keep happening, where the workload asks its route only once?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from strop.cell import Cell
from strop.evidence import Blocking, Built, Exchange, Outbound, Outcomes
from strop.measure.serve import Served
from strop.span import Span


def repeated(served: Served, cells: Sequence[Cell], seen: Outcomes) -> tuple[str, ...]:
    """The routes with one cell in which something waited or was built, and was so at the same place when it was asked
    again: what only a first request does (imports, a singleton that is filled) is no cost of a request.
    """
    of_route = Counter(cell.route for cell in cells)
    lone = (cell for cell in cells if of_route[cell.route] == 1 and cell.id in seen)
    return tuple(
        sorted(
            cell.route
            for cell in lone
            if (before := set(_places(seen[cell.id].exchange)))
            and before & set(_places(served.serve(cell).exchange))
        )
    )


def _places(exchange: Exchange) -> Iterator[Span]:
    """Where something waited or was built."""
    found: tuple[Blocking | Outbound | Built, ...] = (
        *exchange.blocking,
        *exchange.outbound,
        *exchange.built,
    )
    yield from (each.span for each in found if each.span is not None)
    yield from (block.stack[0] for block in exchange.blocks if block.stack)
