"""What proof says of a patch: behaviour, counters, cost, and what stays unproved."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Behaviour(StrEnum):
    """The four words."""

    IDENTICAL = "IDENTICAL"
    UNSPECIFIED = "IDENTICAL-EXCEPT-UNSPECIFIED"
    DIFFERENT = "DIFFERENT"
    INSUFFICIENT = "INSUFFICIENT"


class Difference(Struct, frozen=True):
    """One thing that a client or the database could tell apart."""

    cell: str
    route: str
    path: str  # "status", "header content-type", "body $.items[0].name", "rows orders"
    kind: str  # missing, added, type, value, length, order
    before: str
    after: str
    world: str = ""  # the second world, in which alone it was seen: "with rows in another order"


class Gate(Struct, frozen=True):
    """One gate of the proof."""

    number: int
    name: str
    passed: bool
    detail: str
    seconds: float = 0.0
    command: str = ""


class Gain(Struct, frozen=True):
    """One cost before and after on the same cells. `low` is the lower bound of the relative gain."""

    name: str  # queries, rows, cpu, threads, blocked, commits, connections
    unit: str
    before: float
    after: float
    low: float
    noise: float  # the A/A difference of the same run, relative
    routes: tuple[str, ...] = ()


class Verdict(Struct, frozen=True):
    """The judgement of one candidate."""

    behaviour: Behaviour
    kept: bool
    reason: str
    gates: tuple[Gate, ...]
    gains: tuple[Gain, ...] = ()
    differences: tuple[Difference, ...] = ()
    relaxed: tuple[str, ...] = ()  # "GET /x  body $.now": unstable in the base itself
    unproved: tuple[str, ...] = ()
    cells: int = 0
    reached: int = 0  # cells that executed an edited line
