"""The unit of proof: (world, request) -> (answer, effects, cost)."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace


class Request(Struct, frozen=True):
    """One HTTP request as it reaches the ASGI boundary; `path` holds the query string too."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


class Taken(Struct, frozen=True):
    """A value of an earlier answer that a request hands back: a token, the id of what was made."""

    step: int  # which request of the lead was answered with it
    place: tuple[str | int, ...]  # ("body", "items", 0, "id"), ("cookie", "session"), ("header", "location")
    text: str  # the value as the request holds it


class Cell(Struct, frozen=True):
    """A request in a world: clock and seeds follow from `ordinal`, the database from the world."""

    id: str
    ordinal: int
    request: Request
    route: str = ""  # "GET /orders/{order_id}"
    source: str = ""  # openapi, har, suite
    identity: str = ""  # whose credentials it carries
    shift: float = 0.0  # seconds by which its clock is ahead of what the ordinal says
    chance: str = ""  # what its random values follow from besides its id
    lead: tuple[Cell, ...] = ()  # requests that are sent before it, in the same world
    takes: tuple[Taken, ...] = ()  # what it hands back of their answers


def at_another_moment(cell: Cell, shift: float, chance: str) -> Cell:
    """The same request so many seconds later, with other random values; so are those before it."""
    lead = tuple(at_another_moment(step, shift, chance) for step in cell.lead)
    return replace(cell, shift=cell.shift + shift, chance=chance, lead=lead)


class Answer(Struct, frozen=True):
    """What the client sees: status, headers in order, body, or the type of the exception that escaped."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    exception: str = ""


class Call(Struct, frozen=True):
    """Something that a request sent to another service: a request, a mail, a task; nobody but the world got it."""

    kind: str  # http, mail, task, connection
    name: str  # "POST https://host/path?query", "mail to a@b.c", "task shop.tasks.send", "connection to host:6379"
    text: str = ""  # what was sent; the hash of what is long
    answered: bool = True


class RowChange(Struct, frozen=True, order=True):
    """One row of the database that a request added, removed or changed; values as text."""

    table: str
    kind: str  # added, removed
    values: tuple[tuple[str, str], ...]
