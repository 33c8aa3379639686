"""The unit of proof: (world, request) -> (answer, effects, cost)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request as it reaches the ASGI boundary; `path` holds the query string too."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Cell:
    """A request in a world: clock and seeds follow from `ordinal`, the database from the world."""

    id: str
    ordinal: int
    request: Request
    route: str = ""  # "GET /orders/{order_id}"
    source: str = ""  # openapi, har, suite
    identity: str = ""  # whose credentials it carries
    shift: float = 0.0  # seconds by which its clock is ahead of what the ordinal says
    chance: str = ""  # what its random values follow from besides its id


@dataclass(frozen=True, slots=True)
class Answer:
    """What the client sees: status, headers in order, body, or the type of the exception that escaped."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    exception: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """Something that a request sent to another service: a request, a mail, a task; nobody but the world got it."""

    kind: str  # http, mail, task, connection
    name: str  # "POST https://host/path?query", "mail to a@b.c", "task shop.tasks.send", "connection to host:6379"
    text: str = ""  # what was sent; the hash of what is long
    answered: bool = True


@dataclass(frozen=True, slots=True, order=True)
class RowChange:
    """One row of the database that a request added, removed or changed; values as text."""

    table: str
    kind: str  # added, removed
    values: tuple[tuple[str, str], ...]
