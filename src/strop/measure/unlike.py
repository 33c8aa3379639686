"""Which values come close to what a schema allows, or fall out of it? Labelled, the most telling first."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from strop.measure.bounds import bound

Json = Any  # a JSON value: what a schema allows is known only at run time
Labelled = tuple[str, Json]

LONG = 1000  # characters of a text that nobody expects
LARGE = 2**31
WRONG: dict[str, Json] = {
    "string": 7,
    "integer": "strop",
    "number": "strop",
    "boolean": "perhaps",
    "array": {},
    "object": [],
}
EMPTY: dict[str, Json] = {"string": "", "array": [], "object": {}}


def unlike(
    schema: dict[str, Json], value: Json, known: Sequence[str] = (), constants: Sequence[Json] = ()
) -> Iterator[Labelled]:
    """Values other than `value` for a place with this (resolved) schema; `known` are stored in the database,
    `constants` stand in the code that changed. Labels are unique.
    """
    kind = kind_of(schema, value)
    yield "null", None
    if kind in EMPTY:
        yield "empty", EMPTY[kind]
    for number, other in enumerate(o for o in schema.get("enum", ()) if o != value):
        yield f"enum{number}", other
    if kind == "boolean":
        yield "flipped", not value
    elif kind in ("integer", "number"):
        yield from _numbers(kind, schema, value, constants)
    elif kind == "string":
        yield from _texts(schema, str(value or ""), constants)
    elif kind == "array" and isinstance(value, list) and value:
        yield "twice", [*value, value[0]]
    yield from _known(kind, value, known)
    if kind in WRONG:
        yield "wrong-type", WRONG[kind]


def kind_of(schema: dict[str, Json], value: Json) -> str:
    """The JSON type that the schema names, or else that the value has; "" where neither tells."""
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((k for k in kind if k != "null"), "")
    if isinstance(kind, str) and kind != "null":
        return kind
    if isinstance(value, bool):
        return "boolean"
    types = {int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return types.get(type(value), "")


def _numbers(
    kind: str, schema: dict[str, Json], value: Json, constants: Sequence[Json]
) -> Iterator[Labelled]:
    step = Decimal(1) if kind == "integer" else Decimal("0.01")
    low, _ = bound(schema, "minimum", "exclusiveMinimum")
    high, _ = bound(schema, "maximum", "exclusiveMaximum")
    found = {
        "low": low,
        "below": None if low is None else low - step,
        "high": high,
        "above": None if high is None else high + step,
        "zero": Decimal(0),
        "negative": Decimal(-1),
        "fraction": Decimal("12.3456") if kind == "number" else None,
        "two": Decimal(2),
        "large": Decimal(LARGE),
    }
    for constant in constants:
        if isinstance(constant, int | float) and not isinstance(constant, bool):
            at = Decimal(str(constant))
            found |= {f"at{at}": at, f"before{at}": at - step, f"after{at}": at + step}
    taken: set[Json] = {value} if isinstance(value, int | float) else set()
    for label, number in found.items():
        if number is None or not number.is_finite():
            continue
        made = int(number) if kind == "integer" else float(number)
        if made not in taken:
            taken.add(made)
            yield label, made


def _texts(schema: dict[str, Json], value: str, constants: Sequence[Json]) -> Iterator[Labelled]:
    for number, constant in enumerate(c for c in constants if isinstance(c, str) and c != value):
        yield f"constant{number}", constant
    yield from _fitting(str(schema.get("pattern", "")), value)
    for word, name in (("minLength", "short"), ("maxLength", "full")):
        if word in schema:
            size = int(schema[word])
            yield name, _sized(value, size)
            yield (f"too-{name}", _sized(value, size + (1 if name == "full" else -1)))
    if value:
        yield "more", f"{value}x"
        yield "less", value[:-1]
        yield "case", value.swapcase()
        yield "spaces", f" {value} "
    yield "letters", "Ünïcödé %_'\"\\ ✓"
    yield "long", "x" * LONG


def _fitting(pattern: str, value: str) -> Iterator[Labelled]:
    """Texts of one sign that a pattern lets through, as a code that nobody has given out."""
    texts = [sign * size for sign in "XQx7" for size in range(1, 9)] if pattern else []
    with contextlib.suppress(re.error):  # patterns of OpenAPI are JavaScript's
        found = [text for text in texts if text != value and re.search(pattern, text)]
        yield from ((f"fitting{number}", text) for number, text in enumerate(found[:2]))


def _sized(text: str, size: int) -> str:
    return text.ljust(size, "x")[: max(size, 0)]


def _known(kind: str, value: Json, known: Sequence[str]) -> Iterator[Labelled]:
    """What the database holds elsewhere: another's key, a name that is taken."""
    number = 0
    for text in known:
        if kind == "integer" and not text.lstrip("-").isdigit():
            continue
        made = int(text) if kind == "integer" else text
        if kind in ("integer", "string") and made != value:
            yield f"known{number}", made
            number += 1
