"""What differs between two JSON values, by its path; numbers are compared as they were written."""

from __future__ import annotations

import json
from collections.abc import Iterator

from msgspec import Struct

SHOWN = 120  # characters of a value in a difference


class Lexeme(Struct, frozen=True):
    """A JSON number as it was written: 1, 1.0 and 1e0 are different answers."""

    text: str


class Change(Struct, frozen=True):
    """One difference inside an answer: where, of what kind, before and after."""

    path: str
    kind: str
    before: str
    after: str


def parse(body: bytes) -> object:
    """JSON with numbers as written and objects as lists of pairs, so that key order is kept."""
    return json.loads(
        body,
        parse_int=Lexeme,
        parse_float=Lexeme,
        parse_constant=Lexeme,
        object_pairs_hook=lambda pairs: ("object", pairs),
    )


def compare_values(path: str, old: object, new: object) -> Iterator[Change]:
    """Every difference between two parsed values, by its path."""
    if old == new:
        return
    if isinstance(old, tuple) and isinstance(new, tuple):
        yield from _objects(path, dict(old[1]), dict(new[1]))
    elif isinstance(old, list) and isinstance(new, list):
        yield from _lists(path, old, new)
    else:
        kind = "value" if type(old) is type(new) else "type"
        yield Change(f"body {path}", kind, short(old), short(new))


def _objects(path: str, old: dict[str, object], new: dict[str, object]) -> Iterator[Change]:
    for key in old:
        if key not in new:
            yield Change(f"body {path}.{key}", "missing", short(old[key]), "")
        else:
            yield from compare_values(f"{path}.{key}", old[key], new[key])
    for key in new:
        if key not in old:
            yield Change(f"body {path}.{key}", "added", "", short(new[key]))
    if old.keys() == new.keys() and list(old) != list(new):
        yield Change(f"body {path}", "order", short(list(old)), short(list(new)))


def _lists(path: str, old: list[object], new: list[object]) -> Iterator[Change]:
    if len(old) != len(new):
        yield Change(f"body {path}", "length", str(len(old)), str(len(new)))
    elif sorted(map(repr, old)) == sorted(map(repr, new)):
        place = next(n for n, (one, other) in enumerate(zip(old, new, strict=True)) if one != other)
        yield Change(
            f"body {path}", "order", f"[{place}] {short(old[place])}", f"[{place}] {short(new[place])}"
        )
    else:
        for number, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from compare_values(f"{path}[{number}]", one, other)


def short(value: object) -> str:
    """A value as a text that fits a line."""
    text = value.decode(errors="replace") if isinstance(value, bytes) else _plain(value)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def _plain(value: object) -> str:
    if isinstance(value, Lexeme):
        return value.text
    if isinstance(value, tuple):
        return "{" + ", ".join(f"{json.dumps(k)}: {_plain(v)}" for k, v in value[1]) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_plain(v) for v in value) + "]"
    return json.dumps(value, ensure_ascii=False)
