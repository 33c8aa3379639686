"""What many requests at once cost each other: waits for a pooled connection, and connections opened for one use.

Cells are served one at a time, where nobody waits; the size of a pool shows only in a crowd.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from strop.cell import Cell
from strop.evidence import Exchange
from strop.measure.serve import Served
from strop.proof.gain import relative
from strop.verdict import Gain

CROWDS = 4  # on each side, in turn, after one that fills the pool


class Crowd(Struct, frozen=True):
    """The waits for connections of one crowd, us, and how many connections were opened."""

    waits: float
    connections: float


def crowd_gains(
    one: Served, other: Served, cell: Cell, size: int, routes: tuple[str, ...]
) -> tuple[Gain, ...]:
    """Both sides under crowds of `size` equal requests; the noise is how far the base's own crowds lie apart."""
    for side in (one, other):
        side.crowd(cell, size)
    pairs = [(_sum(one.crowd(cell, size)), _sum(other.crowd(cell, size))) for _ in range(CROWDS)]
    waits = [(before.waits, after.waits) for before, after in pairs]
    opened = [(before.connections, after.connections) for before, after in pairs]
    return (_gain("waits", "us", waits, routes), _gain("connections", "connections", opened, routes))


def _sum(exchanges: Sequence[Exchange]) -> Crowd:
    uses = [use for exchange in exchanges for use in exchange.pool]
    return Crowd(float(sum(u.wait for u in uses)), float(sum(u.connected for u in uses)))


def _gain(name: str, unit: str, pairs: Sequence[tuple[float, float]], routes: tuple[str, ...]) -> Gain:
    base = [before for before, _ in pairs]
    noise = (max(base) - min(base)) / max(base) if max(base) else 0.0
    before, after = (sum(pair[side] for pair in pairs) / len(pairs) for side in (0, 1))
    low = min(relative(*pair) for pair in pairs)
    return Gain(name, unit, before, after, low, noise, routes)
