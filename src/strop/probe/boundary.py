"""What does a request look like from outside: status, first byte, sizes, route?"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from types import ModuleType
from typing import Any

from . import hooks
from .record import Record, begin
from .ticks import perf_counter_ns

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_MOUNT = "strop.mount"  # key of the scope: templates of the mounts passed so far
_BODILESS = frozenset(("GET", "HEAD", "OPTIONS"))
_routes: dict[tuple[int, str, str], tuple[str, Any]] = {}  # a route is kept so that its id stays its own


class Boundary:
    """The outermost ASGI application; passes everything on as it is."""

    def __init__(self, app: Any, finish: Callable[[Record, int], object]) -> None:
        self.app = app
        self._finish = finish

    def __getattr__(self, name: str) -> Any:
        return getattr(self.app, name)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Record one HTTP request; `scope["strop.cell"]` names its cell."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path, method = scope["path"], scope["method"]
        if scope["query_string"]:
            path = f"{path}?{scope['query_string'].decode('latin-1')}"
        record = begin(scope.get("strop.cell", ""), method, path)
        record.scope = scope
        if method not in _BODILESS:
            receive = _counting(record, receive)
        try:
            await self.app(scope, receive, _watching(record, send))
        finally:
            self._finish(record, record.exchange["status"] or 500)


def _watching(record: Record, send: Send) -> Send:
    exchange = record.exchange

    def watch(message: Message) -> Awaitable[None]:
        kind = message["type"]
        if kind == "http.response.body":
            exchange["response_bytes"] += len(message.get("body", b""))
            if not message.get("more_body"):
                record.end = perf_counter_ns()
        elif kind == "http.response.start":
            exchange["first_byte"] = (perf_counter_ns() - record.start) // 1000
            exchange["status"] = message["status"]
        return send(message)

    return watch


def _counting(record: Record, receive: Receive) -> Receive:
    async def count() -> Message:
        message = await receive()
        if message["type"] == "http.request":
            record.count("request_bytes", len(message.get("body", b"")))
        return message

    return count


def route_of(record: Record) -> str:
    """Method and full path template of the route that served the request, "" when none did."""
    scope = record.scope
    if scope is None:
        return ""
    route, method = scope.get("route"), record.exchange["method"]
    # Since FastAPI 0.137 a route knows its own part of the path, the context of its inclusion all of it.
    tree = scope.get("fastapi")
    if tree:
        context = tree.get("effective_route_context")
        if context is not None and context.original_route is route:
            route = context
    mount = scope.get(_MOUNT, "")
    known = _routes.get((id(route), method, mount))
    if known is None:
        template = _template_of_endpoint(scope) if route is None else _template(route, method)
        key = f"{method} {mount}{template}" if template is not None else ""
        if route is None:
            return key
        known = _routes[id(route), method, mount] = (key, route)
    return known[0]


def _template(route: Any, method: str) -> str | None:
    if route.methods and method not in route.methods:
        return None
    template: str = getattr(getattr(route, "starlette_route", None), "path_format", None) or route.path_format
    return template


def _template_of_endpoint(scope: Scope) -> str | None:
    """Starlette's own routes leave the endpoint alone in the scope; a mounted application not even that."""
    endpoint = scope.get("endpoint")
    if endpoint is None:
        return None
    for route in getattr(scope.get("app"), "routes", ()):
        if getattr(route, "endpoint", None) is endpoint:
            return getattr(route, "path_format", None)
    return "" if scope.get(_MOUNT) else None


def install() -> None:
    """Note the templates of mounts from now on."""
    _routes.clear()
    hooks.when_imported("starlette.routing", _patch_mount)


def _patch_mount(module: ModuleType) -> None:
    original = module.Mount.matches

    @functools.wraps(original)
    def matches(self: Any, scope: Scope) -> Any:
        match, child = original(self, scope)
        if child:
            child[_MOUNT] = scope.get(_MOUNT, "") + self.path
        return match, child

    hooks.replace(module.Mount, "matches", matches)
