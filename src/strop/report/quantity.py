"""How is a number written for people? Units, thousands and percentages, the same in every format."""

from __future__ import annotations

import re

_TIMES = ((1_000_000, "s"), (1_000, "ms"), (1, "µs"))
_SIZES = ((1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB"), (1, "B"))
_MICROSECONDS = {"us": 1, "µs": 1, "ms": 1_000, "s": 1_000_000}
_BYTES = {"B", "bytes", "byte"}


def count(number: float) -> str:
    """A count with thousands separated; a fraction only where it tells something: 60,000, 201, 1.5."""
    if number == round(number) or abs(number) >= 100:
        return f"{round(number):,}"
    return f"{number:.1f}" if abs(number) >= 1 else f"{number:.2g}"


def duration(microseconds: float) -> str:
    """Microseconds with the unit that keeps two or three digits: 350 µs, 61 ms, 1.24 s."""
    return _scaled(microseconds, _TIMES)


def size(octets: float) -> str:
    """Bytes with a decimal unit: 812 B, 4.1 MB."""
    return _scaled(octets, _SIZES)


def amount(value: float, unit: str) -> str:
    """A value with its unit: times and sizes scaled, everything else counted ("201 queries")."""
    if unit in _MICROSECONDS:
        return duration(value * _MICROSECONDS[unit])
    if unit in _BYTES:
        return size(value)
    return f"{count(value)} {unit}".strip()


def percent(ratio: float) -> str:
    """A ratio as a percentage with one or two digits: 0.014 is "1.4 %", 0.88 is "88 %"."""
    number = abs(ratio * 100)
    digits = 0 if number >= 10 or number == 0 else 1 if number >= 0.1 else 2
    return f"{ratio * 100:.{digits}f} %"


def change(before: float, after: float) -> str:
    """The relative change: "-88 %"; never "-100 %" while something is left; "" from nothing."""
    if before == 0:
        return "" if after == 0 else "new"
    return signed(max((after - before) / before, -1.0 if after == 0 else -0.999_999))


def signed(ratio: float) -> str:
    """A relative change with its sign; as many digits as keep it off -100 %."""
    if ratio <= -1:
        return "-100 %"
    for digits in (0, 1, 2, 3):
        text = f"{ratio * 100:+.{digits}f}"
        if float(text) != -100 and (float(text) != 0 or ratio == 0 or digits):
            return "0 %" if float(text) == 0 else f"{text} %"
    return "-99.999 %"


def plural(number: int, noun: str, many: str = "") -> str:
    """A counted noun: "1 route", "3 routes", "2 queries"."""
    return f"{number:,} {noun if number == 1 else many or noun + 's'}"


def arrows(text: str) -> str:
    """The text with the numbers at an arrow written as counts: "rows 1.23e+06 -> 55192" is "rows 1,230,000 → 55,192"."""
    number = r"(-?\d+(?:\.\d+)?(?:e[+-]?\d+)?)"
    return re.sub(
        rf"{number} -> {number}", lambda found: f"{count(float(found[1]))} → {count(float(found[2]))}", text
    )


def _scaled(value: float, units: tuple[tuple[int, str], ...]) -> str:
    if value == 0:
        return f"0 {units[-2][1] if units is _TIMES else units[-1][1]}"
    for scale, unit in units:
        if abs(value) >= scale * 0.9995 or scale == 1:
            return f"{_three(value / scale)} {unit}"
    raise AssertionError("the last unit has the scale 1")


def _three(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"
