"""From what the probe recorded of a request to what is counted of it, and which of that is trouble."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from strop.measure.tested.served import Asked, Served, Trouble
from strop.sql.placeholder import normal
from strop.sql.rough import rough_tables, verb

SLOW = 50_000  # us from which a statement is slow: in a test it asks a small database
REPEATED = 3  # equal statements from one line, called by the same lines: two can be two questions
LAZY = 2  # lazy loads of one relationship: each is for another parent
_LONGEST = 300  # characters of a statement
_SELECTIN = "POSTCOMPILE_primary_keys"  # selectin loading asks for 500 parents at a time
_CATALOGUES = ("sqlite_", "pg_", "information_schema")  # reflection asks for each table, as it must

Entry = Mapping[str, Any]
Locate = Callable[[str], Entry | None]  # where a callable "module:qualname" lies


def digest(exchange: Entry, handler: Entry | None, locate: Locate) -> Served:
    """Count one exchange of the probe; `handler` is the place of the function that answered."""
    queries = exchange["queries"]
    home = text(handler)
    return Served(
        route=exchange["route"] or f"{exchange['method']} (no route)",
        path=exchange["path"],
        status=exchange["status"],
        handler=home,
        queries=len(queries),
        rows=sum(query["rows"] for query in queries),
        threads=exchange["threads"],
        hops=tuple(_hops(exchange["phases"], locate)),
        troubles=(
            *_repeats(queries, home),
            *_blocks(exchange["blocks"], home),
            *_blocking(exchange, home),
            *_slow(queries, home),
        ),
    )


def asked(exchange: Entry, handler: Entry | None) -> Iterator[Asked]:
    """The statements of an exchange by line and shape, in the order of their first."""
    found: dict[tuple[str, str], int] = defaultdict(int)
    for query in exchange["queries"]:
        found[text(query["span"] or handler), _named(query)] += 1
    for (place, what), times in found.items():
        yield Asked(place, what, times)


def text(place: Entry | None) -> str:
    """A place of the probe's as "file:line"."""
    return f"{place['file']}:{place['line']}" if place else ""


def _repeats(queries: Sequence[Entry], home: str) -> Iterator[Trouble]:
    if len(queries) < LAZY:
        return
    groups: dict[tuple[str, str, int], list[Entry]] = defaultdict(list)
    for query in queries:
        if query["many"] == 1 and (query["span"] is not None or query["relationship"]):
            shape = _shape(query["statement"])
            if shape:
                groups[shape, query["relationship"], id(query["span"])].append(query)
    for (shape, relationship, _), group in groups.items():
        first = group[0]
        if not _is_loop(group):
            continue
        yield Trouble(
            kind="repeat",
            place=text(first["span"]) or home,
            what=f"lazy load of {relationship}" if relationship else _named(first),
            times=len(group),
            duration=sum(query["duration"] for query in group),
            by=tuple(text(place) for place in first["stack"][1:4]),
            statement=shape[:_LONGEST],
        )


def _is_loop(group: Sequence[Entry]) -> bool:
    """Whether the same lines led to the statement again, and not one line that others share."""
    if group[0]["relationship"]:
        return len(group) >= LAZY
    if len(group) < REPEATED:
        return False
    stacks = [tuple(map(id, query["stack"])) for query in group if query["stack"]]
    return len(stacks) > len(set(stacks))  # the probe keeps the stack of the first, second and tenth


@lru_cache(maxsize=4096)
def _shape(statement: str) -> str:
    """A reading statement without its values; "" for one whose repetition means nothing.

    What writes is left out: a flush sends a statement for each object where it must.
    """
    if verb(statement) != "select" or _SELECTIN in statement:
        return ""
    if next(iter(rough_tables(statement)), "").startswith(_CATALOGUES):
        return ""
    return normal(statement)


def _named(query: Entry) -> str:
    return _short(query["statement"])


@lru_cache(maxsize=4096)
def _short(statement: str) -> str:
    """A statement in a few words: "SELECT orders, customers"."""
    kind = verb(statement)
    if kind == "other":
        return " ".join(statement.split())[:40]
    tables = rough_tables(statement)
    more = f" and {len(tables) - 3} more" if len(tables) > 3 else ""
    return f"{kind.upper()} {', '.join(tables[:3])}{more}".strip()


def _blocks(blocks: Sequence[Entry], home: str) -> Iterator[Trouble]:
    for block in blocks:
        places = [text(place) for place in block["stack"]]
        yield Trouble(
            kind="block",
            place=places[0] if places else home,
            what=block["name"] or "the function's own lines",
            duration=block["duration"],
            by=tuple(places[1:4]),
        )


def _blocking(exchange: Entry, home: str) -> Iterator[Trouble]:
    for call in exchange["blocking"]:
        yield Trouble("blocking", text(call["span"]) or home, call["name"], call["count"])
    waited: dict[tuple[str, str], list[int]] = defaultdict(list)
    for query in exchange["queries"]:
        if query["on_loop"]:
            waited[text(query["span"]) or home, _named(query)].append(query["duration"])
    for (place, what), durations in waited.items():
        yield Trouble("blocking", place, what, len(durations), sum(durations))


def _slow(queries: Sequence[Entry], home: str) -> Iterator[Trouble]:
    for query in queries:
        if query["duration"] >= SLOW:
            yield Trouble(
                kind="slow",
                place=text(query["span"]) or home,
                what=_named(query),
                duration=query["duration"],
                by=tuple(text(place) for place in query["stack"][1:4]),
                statement=normal(query["statement"])[:_LONGEST],
            )


def _hops(phases: Sequence[Entry], locate: Locate) -> Iterator[str]:
    for phase in phases:
        if phase["thread"]:
            name = phase["name"].partition(":")[2] or phase["name"]
            yield f"{name} {text(locate(phase['name']))}".strip()
