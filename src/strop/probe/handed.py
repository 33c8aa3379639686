"""Which values does a client hand back that an answer gave it: a token, a cookie, the id of what it made?

A recorded request holds the value of that day. Where the answer in this world is another, its value takes the
recorded one's place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import quote, quote_plus

Place = Sequence[Any]  # ("body", "items", 0, "id"), ("cookie", "session"), ("header", "location")
Headers = list[tuple[str, str]]

_DEEP = 6  # levels of an answer that are looked through
_MOST = 400  # values of one answer
_ID = rb"\"\w*(?:id|Id|ID|ids|Ids|key|slug)\"\s*:\s*"  # the key of a JSON object that refers to something


def values(headers: Sequence[tuple[str, str]], body: bytes) -> Iterator[tuple[Place, str]]:
    """Every value of an answer that a client could hand back, with its place."""
    for name, value in headers:
        if name.lower() == "set-cookie":
            yield from ((("cookie", key), text) for key, text in _cookie(value) if text)
        elif name.lower() == "location":
            yield ("header", "location"), value.partition("?")[0].rstrip("/").rpartition("/")[2]
    found = _leaves(_parsed(body), ("body",), 0)
    yield from (each for each, _ in zip(found, range(_MOST), strict=False))


def read(headers: Sequence[tuple[str, str]], body: bytes, place: Place) -> str | None:
    """The value at a place of an answer, None where there is none."""
    if place[0] != "body":
        return next((text for where, text in values(headers, b"") if list(where) == list(place)), None)
    node: Any = _parsed(body)
    for part in place[1:]:
        try:
            node = node[part]
        except (KeyError, IndexError, TypeError):
            return None
    return _text(node)


def swap(path: str, headers: Headers, body: bytes, old: str, new: str) -> tuple[str, Headers, bytes]:
    """The parts of a request with `new` where they hold `old` as a whole value."""
    if old == new or not old:
        return path, headers, body
    path = _swap_path(path, old, new)
    swapped = body.__class__(_swap_body(body, old, new))
    changed = [(name, _swap_header(name, value, old, new)) for name, value in headers]
    if len(swapped) != len(body):
        changed = [(n, str(len(swapped)) if n == "content-length" else v) for n, v in changed]
    return path, changed, swapped


def _swap_path(path: str, old: str, new: str) -> str:
    sign = quote(new, safe="")
    for form in {re.escape(old), re.escape(quote(old, safe=""))}:
        path = re.sub(rf"(?<=[/=,]){form}(?=$|[/?&,:.])", lambda _: sign, path)
    return path


def _swap_header(name: str, value: str, old: str, new: str) -> str:
    if name in ("host", "content-length", "content-type", "accept", "user-agent") or len(old) < 4:
        return value
    return re.sub(rf"(?<![\w.-]){re.escape(old)}(?![\w.-])", lambda _: new, value)


def _swap_body(body: bytes, old: str, new: str) -> bytes:
    if not body:
        return body
    if old.isdigit() and len(old) < 12:
        return _swap_number(body, old.encode(), new.encode())
    for form, other in ((json.dumps(old)[1:-1], json.dumps(new)[1:-1]), (quote_plus(old), quote_plus(new))):
        sign = other.encode()
        body = re.sub(rb"(?<![\w.%-])" + re.escape(form.encode()) + rb"(?![\w.%-])", lambda _: sign, body)  # noqa: B023 - called at once
        if form == quote_plus(old):
            break
    return body


def _swap_number(body: bytes, old: bytes, new: bytes) -> bytes:
    """A number is an id only below a key that says so."""
    body = re.sub(rb"(" + _ID + rb'"?)' + old + rb"(?=\"?\s*[,}\]])", lambda m: m[1] + new, body)
    body = re.sub(
        rb"(" + _ID + rb"\[)([^\[\]{}]*)(?=\])",
        lambda m: m[1] + re.sub(rb"(?<![\w.-])" + old + rb"(?![\w.-])", lambda _: new, m[2]),
        body,
    )
    return re.sub(rb"((?:^|&)\w*id=)" + old + rb"(?=&|$)", lambda m: m[1] + new, body)


def _parsed(body: bytes) -> Any:
    if body[:1] not in (b"{", b"[", b'"'):
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _leaves(node: Any, place: tuple[Any, ...], depth: int) -> Iterator[tuple[Place, str]]:
    if depth < _DEEP and isinstance(node, dict | list):
        for key, part in node.items() if isinstance(node, dict) else enumerate(node):
            yield from _leaves(part, (*place, key), depth + 1)
    elif text := _text(node):
        yield place, text


def _text(node: Any) -> str | None:
    if isinstance(node, str):
        return node
    return str(node) if isinstance(node, int) and not isinstance(node, bool) else None


def _cookie(value: str) -> list[tuple[str, str]]:
    try:
        return [(key, morsel.value) for key, morsel in SimpleCookie(value).items()]
    except CookieError:
        return []
