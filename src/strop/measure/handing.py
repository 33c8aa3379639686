"""Which earlier answer of a recording gave a request what it sends: the token, the cookie, the id of what was made?

A value counts as given when an answer held it before any request did.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote

from msgspec import Struct

from strop.cell import Answer, Cell, Request
from strop.measure.routing import Matched, Routing
from strop.probe.handed import Place, values

READS = frozenset({"GET", "HEAD", "OPTIONS"})
LONG = 8  # characters from which a text with a digit in it is no ordinary word
COMMON = frozenset(
    {"host", "accept", "accept-language", "user-agent", "content-type", "content-length", "origin", "referer"}
)
REFERS = re.compile(
    r"(?:.*(?:[a-z_]id|Id|ID)s?|ids?|uuid|pk|key|slug|token|code|.*_(?:key|slug|token|code|uuid))"
)


class Spot(Struct, frozen=True):
    """One value that a request sends. `parent` is the path before it, for a segment of the path."""

    kind: str  # path, query, body, cookie, credentials, header
    key: str
    text: str
    parent: str = ""


class Given(Struct, frozen=True):
    """A value in an answer."""

    request: int
    place: Place
    path: str  # of the request, without its query
    reads: bool

    @property
    def key(self) -> str:
        """The nearest name to the value."""
        return next((part for part in reversed(self.place) if isinstance(part, str)), "")


class Link(Struct, frozen=True):
    """A request hands back what the answer to an earlier one gave."""

    given: Given
    text: str
    refers: bool  # to a thing that was made, not to who asks


def link(cells: Sequence[Cell], answers: Sequence[Answer], routing: Routing) -> list[list[Link]]:
    """For each request what it hands back, in the order of its parts."""
    known: defaultdict[str, list[Given]] = defaultdict(list)
    sent: set[str] = set()
    links: list[list[Link]] = []
    for number, (cell, answer) in enumerate(zip(cells, answers, strict=True)):
        request = cell.request
        spots = list(_spots(request, routing.match(request.method, request.path)))
        links.append(list(_links(spots, known)))
        sent.update(spot.text for spot in spots)
        path = request.path.partition("?")[0].rstrip("/")
        for place, text in values(answer.headers, answer.body) if 200 <= answer.status < 400 else ():
            if text not in sent and _can_be_given(place, text):
                known[text].append(Given(number, place, path, request.method in READS))
    return links


def _links(spots: Sequence[Spot], known: dict[str, list[Given]]) -> Iterator[Link]:
    taken: set[str] = set()
    for spot in spots:
        given = _giver(spot, known.get(spot.text, ()))
        if given is not None and spot.text not in taken:
            taken.add(spot.text)
            yield Link(given, spot.text, spot.kind not in ("credentials", "cookie", "header"))


def _giver(spot: Spot, found: Sequence[Given]) -> Given | None:
    """The answer that this value came from: a small number comes from many, and only one of them is meant."""
    if spot.kind == "cookie":
        return next((given for given in reversed(found) if list(given.place) == ["cookie", spot.key]), None)
    if not spot.text.isdigit() or len(spot.text) >= LONG:
        return next(iter(found), None)
    stem = re.sub(r"_?(?:uu)?ids?$", "", spot.key, flags=re.IGNORECASE).lower()
    return next(
        (
            given
            for given in found
            if (spot.parent and given.path == spot.parent)
            or (stem and stem in given.path.lower().rpartition("/")[2])
            or (given.key == spot.key != "id")
        ),
        None,
    )


def _can_be_given(place: Place, text: str) -> bool:
    if place[0] != "body":
        return True
    key = next((part for part in reversed(place) if isinstance(part, str)), "")
    return not text.isdigit() or len(text) >= LONG or len(place) == 1 or bool(REFERS.fullmatch(key))


def _spots(request: Request, matched: Matched | None) -> Iterator[Spot]:
    """The values of a request that somebody else may have given it."""
    for name, text, parent in matched.parameters if matched is not None else ():
        yield Spot("path", name, unquote(text), parent)
    for name, value in request.headers:
        yield from header_spots(name, value)
    for key, text in fields(request):
        if _refers(key, text):
            yield Spot("body", key, text)


def header_spots(name: str, value: str) -> Iterator[Spot]:
    """The values of a header that somebody gave: a cookie's, what follows the scheme."""
    if name == "cookie":
        for part in value.split(";"):
            key, _, text = part.strip().partition("=")
            if text:
                yield Spot("cookie", key, text.strip('"'))
    elif name == "authorization":
        yield Spot("credentials", name, value.rpartition(" ")[2])
    elif name not in COMMON and not name.startswith("sec-") and len(value) >= LONG:
        yield Spot("header", name, value)


def _refers(key: str, text: str) -> bool:
    if REFERS.fullmatch(key):
        return bool(text)
    return (
        len(text) >= LONG and not text.isdigit() and any(sign.isdigit() for sign in text) and " " not in text
    )


def fields(request: Request) -> Iterator[tuple[str, str]]:
    """Key and value of every leaf of a JSON body, of a form and of the query."""
    yield from parse_qsl(request.path.partition("?")[2])
    if request.body[:1] in (b"{", b"["):
        try:
            yield from _leaves(json.loads(request.body), "")
        except (ValueError, RecursionError):
            return
    elif any(n == "content-type" and "urlencoded" in v for n, v in request.headers):
        yield from parse_qsl(request.body.decode(errors="replace"))


def _leaves(node: Any, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(node, dict):
        for name, part in node.items():
            yield from _leaves(part, name)
    elif isinstance(node, list):
        for part in node:
            yield from _leaves(part, key)
    elif isinstance(node, str | int) and not isinstance(node, bool):
        yield key, str(node)
