"""Which number does a JSON schema allow: the one nearest to 1 that keeps to its bounds and its step."""

from __future__ import annotations

from decimal import Decimal
from math import ceil, floor
from typing import Any

ONE = Decimal(1)


def number_within(schema: dict[str, Any]) -> int | float:
    """An integer or number between minimum and maximum (exclusive ones too) that is a multiple of `multipleOf`.

    Bounds that contradict each other give a number beyond one of them.
    """
    whole = schema.get("type") == "integer"
    low, above = bound(schema, "minimum", "exclusiveMinimum")
    high, below = bound(schema, "maximum", "exclusiveMaximum")
    step = Decimal(str(schema.get("multipleOf") or 0)) or (ONE if whole else Decimal(0))
    found = _near_one(low, above, high, below) if not step else _multiple(step, low, above, high, below)
    return int(found) if whole else float(found)


def bound(schema: dict[str, Any], name: str, exclusive: str) -> tuple[Decimal | None, bool]:
    """The bound and whether it is itself excluded; older documents say that with a boolean."""
    given, other = schema.get(name), schema.get(exclusive)
    if isinstance(other, bool) or other is None:
        return (None if given is None else Decimal(str(given))), bool(other)
    limit = Decimal(str(other))
    if given is None:
        return limit, True
    tighter = max if name == "minimum" else min
    chosen = tighter(limit, Decimal(str(given)))
    return chosen, chosen == limit


def _near_one(low: Decimal | None, above: bool, high: Decimal | None, below: bool) -> Decimal:
    found = ONE if low is None else max(ONE, low)
    found = found if high is None else min(found, high)
    if not (above and found == low) and not (below and found == high):
        return found
    if low is not None and high is not None:
        return (low + high) / 2
    return found + (ONE if above and found == low else -ONE)


def _multiple(step: Decimal, low: Decimal | None, above: bool, high: Decimal | None, below: bool) -> Decimal:
    times = 1 if step > ONE else floor(ONE / step)
    if low is not None:
        least = floor(low / step) + 1 if above else ceil(low / step)
        times = max(times, least)
    if high is not None:
        most = ceil(high / step) - 1 if below else floor(high / step)
        times = min(times, most)
    return times * step
