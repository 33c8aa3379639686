"""How often is each route asked? Lines of a server's access log, counted by the route that would serve them.

Text logs of every server quote the request line (`"GET /items?page=2 HTTP/1.1" 200`: common and combined format,
nginx, Apache, uvicorn, gunicorn, hypercorn); in JSON logs it is a field, or method and path are. Nothing else of a line is
read: libraries that parse logs want to be told the format, and this needs none.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from strop.measure.routing import Routing
from strop.probe.conversation import METHOD
from strop.problem import EXIT_USAGE, Problem
from strop.project.project import Imported

_REQUEST = re.compile(
    r'"(?P<method>[A-Za-z]{3,12}) (?P<path>(?:https?://[^\s"]+|/)(?:[^\s"\\]|\\.)*)(?: HTTP/[\d.]+)?"'
)
_LINES = ("request", "request_line", "req")
_METHODS = ("request_method", "method", "http_method", "RequestMethod", "httpMethod", "verb")
_PATHS = ("request_uri", "uri", "path", "url", "RequestPath", "requestUrl", "request_path", "target")


class Mix(Struct, frozen=True):
    """How often the log asks each route; `elsewhere` are requests that no route of the application serves."""

    routes: tuple[tuple[str, int], ...]
    elsewhere: int = 0
    unread: int = 0  # lines in which no request is

    @property
    def requests(self) -> int:
        """Requests that routes of the application serve."""
        return sum(count for _, count in self.routes)


def read_access_log(path: Path) -> Counter[tuple[str, str]]:
    """How often each method and path (without query) stands in a log, compressed or not; ("", "") counts the lines in which no request is.

    Raises Problem M408 where the file can't be read, or no line of it is a request.
    """
    try:
        opened = gzip.open if path.read_bytes()[:2] == b"\x1f\x8b" else Path.open
        with opened(path, "rt", encoding="utf-8", errors="replace") as lines:
            found = Counter(parse_line(line) or ("", "") for line in lines if line.strip())
    except (OSError, EOFError, zlib.error) as error:
        why = getattr(error, "strerror", None) or error
        raise Problem("M408", f"{path} can't be read: {why}", status=EXIT_USAGE) from None
    if not any(method for method, _ in found):
        message = f"no line of {path} is a request of an access log"
        do = "give the log of a web server: the common or combined format, uvicorn's, or JSON with method and path"
        raise Problem("M408", message, do=do, status=EXIT_USAGE)
    return found


def parse_line(line: str) -> tuple[str, str] | None:
    """Method and path without its query; None where the line holds no request."""
    begin = line.find("{")
    if begin >= 0 and line.rstrip().endswith("}"):
        try:
            return _from_fields(msgspec.json.decode(line[begin:].encode(errors="replace")))
        except (msgspec.DecodeError, RecursionError):
            pass
    found = _REQUEST.search(line)
    return _request(found["method"], found["path"]) if found else None


def _from_fields(fields: Any) -> tuple[str, str] | None:
    if not isinstance(fields, dict):
        return None
    for name in _LINES:
        inner = fields.get(name)
        if isinstance(inner, dict):  # caddy
            return _from_fields(inner)
        if isinstance(inner, str) and (found := _REQUEST.match(f'"{inner}"')):
            return _request(found["method"], found["path"])
    method = next((fields[n] for n in _METHODS if isinstance(fields.get(n), str)), "")
    path = next((fields[n] for n in _PATHS if isinstance(fields.get(n), str)), "")
    return _request(method, path) if method and path else None


def _request(method: str, path: str) -> tuple[str, str] | None:
    try:
        plain = path.partition("?")[0] if path.startswith("/") else urlsplit(path).path
    except ValueError:
        return None
    return method.upper(), plain or "/"


def count_routes(log: Counter[tuple[str, str]], imported: Imported) -> Mix:
    """The log's requests by route, the most asked first."""
    routing = Routing(imported.routes)
    routes: Counter[str] = Counter()
    elsewhere = 0
    for (method, path), count in log.items():
        if not method:
            continue
        matched = routing.match(METHOD if method == "WEBSOCKET" else method, path)
        if matched is None:
            elsewhere += count
        else:
            routes[matched.route.key] += count
    ordered = sorted(routes.items(), key=lambda each: (-each[1], each[0]))
    return Mix(tuple(ordered), elsewhere, log["", ""])


def mix_notes(mix: Mix, imported: Imported, reached: Iterable[str]) -> Iterator[str]:
    """What a reader must know of a log: what nobody asks, and what is asked and was not measured."""
    asked, known = dict(mix.routes), {r.key for r in imported.routes if r.kind in ("http", "websocket")}
    yield f"the log has {mix.requests} requests to {len(asked)} of {len(known)} routes"
    if mix.elsewhere or mix.unread:
        yield f"of the log, {mix.elsewhere} requests go to no route and {mix.unread} lines hold no request"
    if nobody := sorted(known - asked.keys()):
        yield f"nobody in the log asks {_some(nobody)}"
    if lost := [route for route in asked if route not in set(reached)]:
        share = sum(asked[route] for route in lost) / max(mix.requests, 1)
        yield f"{share:.0%} of the log's requests are to routes that no request here reached: {_some(lost)}"


def _some(names: list[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
