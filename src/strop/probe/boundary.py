"""What does a request look like from outside: status, first byte, sizes, route?"""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from time import perf_counter_ns
from types import ModuleType
from typing import Any

from . import hooks
from .record import Record, begin

Scope = dict[str, Any]
Message = dict[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

_MOUNT = "strop.mount"  # key of the scope: templates of the mounts passed so far
_templates: dict[int, tuple[str, Any]] = {}  # by id of a route, which is kept so that its id stays its own


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
        query = scope["query_string"]
        path = scope["path"]
        if query:
            path = f"{path}?{query.decode('latin-1')}"
        record = begin(scope.get("strop.cell", ""), scope["method"], path)
        record.scope = scope
        if record.method not in ("GET", "HEAD", "OPTIONS"):
            receive = _counting(record, receive)
        try:
            await self.app(scope, receive, _watching(record, send))
        finally:
            self._finish(record, record.status or 500)


def _watching(record: Record, send: Send) -> Send:
    def watch(message: Message) -> Awaitable[None]:
        kind = message["type"]
        if kind == "http.response.body":
            record.response_bytes += len(message.get("body", b""))
            if not message.get("more_body"):
                record.end = perf_counter_ns()
        elif kind == "http.response.start":
            record.first_byte = perf_counter_ns()
            record.status = message["status"]
        return send(message)

    return watch


def _counting(record: Record, receive: Receive) -> Receive:
    async def count() -> Message:
        message = await receive()
        if message["type"] == "http.request":
            record.request_bytes += len(message.get("body", b""))
        return message

    return count


def route_of(record: Record) -> str:
    """Method and full path template of the route that served the request, "" when none did."""
    scope = record.scope
    if scope is None:
        return ""
    template = _template(scope, record.method)
    return f"{record.method} {scope.get(_MOUNT, '')}{template}" if template is not None else ""


def _template(scope: Scope, method: str) -> str | None:
    route = scope.get("route")
    if route is None:
        return _template_of_endpoint(scope)
    methods = getattr(route, "methods", None)
    if methods and method not in methods:
        return None
    # Since FastAPI 0.137 a route knows its own part of the path, the context of its inclusion all of it.
    tree = scope.get("fastapi")
    context = tree.get("effective_route_context") if tree else None
    if context is not None and context.original_route is route:
        route = context
    known = _templates.get(id(route))
    if known is None:
        full = getattr(getattr(route, "starlette_route", None), "path_format", None) or route.path_format
        known = _templates[id(route)] = (full, route)
    return known[0]


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
    _templates.clear()
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
