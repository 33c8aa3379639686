"""Numbers with units, as findings and plans say them."""

from __future__ import annotations


def time(us: float) -> str:
    """A time in the unit that a person would use: 840 µs, 12 ms, 1.7 s."""
    if us < 1000:
        return f"{us:.0f} µs"
    if us < 10_000:
        return f"{us / 1000:.1f} ms"
    return f"{us / 1000:.0f} ms" if us < 1_000_000 else f"{us / 1_000_000:.1f} s"


def number(value: float) -> str:
    """A count with separators, whole where it is (nearly) whole: 29,160 or 2.5."""
    near = round(value)
    return f"{near:,}" if value >= 100 or abs(value - near) < 0.05 else f"{value:,.1f}"


def many(value: float, one: str, more: str = "") -> str:
    """A count with its noun: 1 query, 201 queries."""
    return f"{number(value)} {one if round(value, 1) == 1 else more or one + 's'}"


def listed(names: list[str] | tuple[str, ...], most: int = 3) -> str:
    """A few names, and how many more there are."""
    if len(names) <= most:
        return " and ".join((", ".join(names[:-1]), names[-1])) if len(names) > 1 else "".join(names)
    return f"{', '.join(names[:most])} and {len(names) - most} more"
