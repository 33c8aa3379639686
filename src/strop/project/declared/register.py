"""What do the methods of an application or router register?"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from strop.project.declared.classes import member
from strop.project.declared.library import VERBS
from strop.project.declared.values import (
    Cls,
    Func,
    Inclusion,
    Keywords,
    Kind,
    Known,
    Layer,
    Lib,
    Method,
    Mounted,
    Native,
    Obj,
    Operation,
    Router,
    Several,
    Table,
    Unknown,
    Value,
)
from strop.span import Span

if TYPE_CHECKING:
    from strop.project.declared.follow import Machine

_HTTP_BASE = Lib("starlette.middleware.base.BaseHTTPMiddleware")


def configure(machine: Machine, router: Router, args: list[Value], keywords: Keywords) -> None:
    """What the constructor of FastAPI or APIRouter keeps."""
    router.configured = True
    router.options.update(keywords)
    router.prefix = text_of(keywords.get("prefix"))
    router.dependencies = listed(keywords.get("dependencies"))
    for each in listed(keywords.get("middleware")):
        layer = _layer(each, router.span)
        if layer is not None:
            router.layers.append(layer)
    handlers = keywords.get("exception_handlers")
    if isinstance(handlers, Table):
        router.handlers += [_handler(key, value) for key, value in handlers.pairs.items()]
    router.startup += listed(keywords.get("on_startup"))
    given = keywords.get("routes") or (args[0] if args else None)
    for each in listed(given):
        _add_made(machine, router, each, router.span)


def _handler(key: object, value: Value) -> tuple[Value, Value]:
    if isinstance(value, Several) and isinstance(key, str) and key.startswith("\0"):
        return value.items[0], value.items[1]
    return Known(key if isinstance(key, str | int) else None), value


def text_of(value: Value | None) -> Known:
    """A text, empty and doubtful where it can't be told."""
    match value:
        case None:
            return Known("")
        case Known(str(), _):
            return value
        case Known(None):
            return Known("")
        case Unknown(text):
            return Known("", text)
    return Known("", "a text")


def listed(value: Value | None) -> list[Value]:
    """The elements of a list; what can't be told is an element that is unknown."""
    match value:
        case None | Known():
            return []
        case Several(items, rest):
            return [*items, Unknown("more")] if rest else list(items)
        case Unknown():
            return [value]
    return [value]


def router_method(
    machine: Machine, router: Router, name: str, args: list[Value], keywords: Keywords, span: Span
) -> Value:
    """What calling a method of the library's own on an application or router does."""
    if name in VERBS:
        methods = Several([Known(name.upper())])
        return _overridden(machine, router, "api_route", args, {**keywords, "methods": methods}, span)
    does = _METHODS.get(name)
    return does(machine, router, args, keywords, span) if does is not None else Unknown(name)


def _overridden(
    machine: Machine, router: Router, name: str, args: list[Value], keywords: Keywords, span: Span
) -> Value:
    """Call a method that the library calls itself: a subclass of the project may have its own."""
    own = member(machine, router.cls, name, router) if isinstance(router.cls, Cls) else None
    if isinstance(own, Func):
        return machine.call(own, args, keywords)
    return _METHODS[name](machine, router, args, keywords, span)


def _argument(args: list[Value], keywords: Keywords, place: int, name: str) -> Value | None:
    return args[place] if len(args) > place else keywords.get(name)


def _api_route(machine: Machine, router: Router, args: list[Value], keywords: Keywords, span: Span) -> Value:
    def decorate(given: list[Value], _: Keywords) -> Value:
        endpoint = given[0] if given else Unknown("endpoint")
        path = _argument(args, keywords, 0, "path") or Unknown("path")
        options = {k: v for k, v in keywords.items() if k != "path"}
        count = len(router.entries)
        _overridden(machine, router, "add_api_route", [path, endpoint], options, span)
        if len(router.entries) == count:  # the project's own method does it in a way that can't be followed
            _add_api_route(machine, router, [path, endpoint], options, span)
        return endpoint

    return Native(decorate)


def _add_api_route(
    machine: Machine, router: Router, args: list[Value], keywords: Keywords, span: Span
) -> Value:
    endpoint = _argument(args, keywords, 1, "endpoint") or Unknown("endpoint")
    methods = keywords.get("methods")
    names = [str(m.value).upper() for m in listed(methods) if isinstance(m, Known)] or ["GET"]
    path = text_of(_argument(args, keywords, 0, "path"))
    _operation(machine, router, "api", tuple(sorted(set(names))), path, endpoint, keywords, span)
    return Known(None)


def _operation(
    machine: Machine,
    router: Router,
    kind: Kind,
    methods: tuple[str, ...],
    path: Known,
    endpoint: Value,
    options: Keywords,
    span: Span,
) -> None:
    whole = Known(f"{router.prefix.value}{path.value}", router.prefix.doubt or path.doubt)
    own = [(each, "app" if router.is_app else "router") for each in router.dependencies]
    own += [(each, "route") for each in listed(options.get("dependencies"))]
    if machine.ghost:
        return
    place = machine.site or span
    doubt = f"only where {machine.choices[-1]} holds" if machine.choices else ""
    arms = tuple(machine.arms)
    router.entries.append(
        Operation(kind, methods, whole, endpoint, options, own, place, router, doubt=doubt, arms=arms)
    )


def _websocket(machine: Machine, router: Router, args: list[Value], keywords: Keywords, span: Span) -> Value:
    def decorate(given: list[Value], _: Keywords) -> Value:
        path = _argument(args, keywords, 0, "path") or Unknown("path")
        _add_websocket(machine, router, [path, *given], keywords, span)
        return given[0] if given else Unknown("endpoint")

    return Native(decorate)


def _add_websocket(
    machine: Machine, router: Router, args: list[Value], keywords: Keywords, span: Span
) -> Value:
    endpoint = _argument(args, keywords, 1, "endpoint") or Unknown("endpoint")
    path = text_of(_argument(args, keywords, 0, "path"))
    _operation(machine, router, "websocket", (), path, endpoint, keywords, span)
    return Known(None)


def _route(machine: Machine, router: Router, args: list[Value], keywords: Keywords, span: Span) -> Value:
    def decorate(given: list[Value], _: Keywords) -> Value:
        path = _argument(args, keywords, 0, "path") or Unknown("path")
        _add_route(machine, router, [path, *given], keywords, span)
        return given[0] if given else Unknown("endpoint")

    return Native(decorate)


def _add_route(machine: Machine, router: Router, args: list[Value], keywords: Keywords, span: Span) -> Value:
    endpoint = _argument(args, keywords, 1, "endpoint") or Unknown("endpoint")
    given = keywords.get("methods") or (args[2] if len(args) > 2 else None)
    names = sorted({str(m.value).upper() for m in listed(given) if isinstance(m, Known)}) or ["GET"]
    path = replace(text_of(_argument(args, keywords, 0, "path")))
    own = [n for n in names if not (n == "HEAD" and "GET" in names)]
    router.entries.append(Operation("plain", tuple(own), path, endpoint, keywords, [], span, router))
    return Known(None)


def _plain_websocket(
    machine: Machine, router: Router, args: list[Value], keywords: Keywords, span: Span
) -> Value:
    def decorate(given: list[Value], _: Keywords) -> Value:
        path = _argument(args, keywords, 0, "path") or Unknown("path")
        _add_plain_websocket(machine, router, [path, *given], keywords, span)
        return given[0] if given else Unknown("endpoint")

    return Native(decorate)


def _add_plain_websocket(
    machine: Machine, router: Router, args: list[Value], keywords: Keywords, span: Span
) -> Value:
    endpoint = _argument(args, keywords, 1, "route") or keywords.get("endpoint") or Unknown("endpoint")
    path = text_of(_argument(args, keywords, 0, "path"))
    router.entries.append(Operation("plain websocket", (), path, endpoint, keywords, [], span, router))
    return Known(None)


def _include(machine: Machine, router: Router, args: list[Value], keywords: Keywords, span: Span) -> Value:
    given = _argument(args, keywords, 0, "router") or Unknown("router")
    if machine.ghost:
        machine.lost.append((span, "in a loop over what can't be told"))
        return Known(None)
    if isinstance(given, Router) and given is not router:
        given.below = True
        router.startup += given.startup
    own = [(each, "app" if router.is_app else "router") for each in router.dependencies]
    own += [(each, "include") for each in listed(keywords.get("dependencies"))]
    prefix = text_of(keywords.get("prefix"))
    whole = Known(f"{router.prefix.value}{prefix.value}", router.prefix.doubt or prefix.doubt)
    router.entries.append(Inclusion(given, whole, dict(keywords), own, span, tuple(machine.arms)))
    return Known(None)


def _mount(machine: Machine, router: Router, args: list[Value], keywords: Keywords, span: Span) -> Value:
    path = text_of(_argument(args, keywords, 0, "path"))
    app = _argument(args, keywords, 1, "app") or Unknown("app")
    _mounted(router, path, app, span)
    return Known(None)


def _mounted(router: Router, path: Known, app: Value, span: Span) -> None:
    if isinstance(app, Router):
        app.below = True
    router.entries.append(Mounted(Known(str(path.value).rstrip("/"), path.doubt), app, span))


def _add_made(machine: Machine, router: Router, route: Value, span: Span) -> None:
    """An element of `routes=[...]`: an instance of one of Starlette's routes."""
    if not (isinstance(route, Obj) and isinstance(route.cls, Lib)):
        return
    path = text_of(_argument(route.args, route.keywords, 0, "path"))
    last = route.cls.name.rpartition(".")[2]
    if last == "Mount":
        app = _argument(route.args, route.keywords, 1, "app")
        _mounted(router, path, app or _of_routes(machine, router, route, span), span)
        return
    endpoint = _argument(route.args, route.keywords, 1, "endpoint") or Unknown("endpoint")
    methods = [str(m.value) for m in listed(route.keywords.get("methods")) if isinstance(m, Known)] or ["GET"]
    if last == "Route":
        router.entries.append(
            Operation("plain", tuple(sorted(methods)), path, endpoint, route.keywords, [], span, router)
        )
    elif last == "APIRoute":
        _operation(machine, router, "api", tuple(sorted(methods)), path, endpoint, route.keywords, span)
    elif last in ("WebSocketRoute", "APIWebSocketRoute"):
        _operation(machine, router, "websocket", (), path, endpoint, route.keywords, span)


def _of_routes(machine: Machine, outer: Router, mount: Obj, span: Span) -> Router:
    """The router that `Mount(path, routes=[...])` makes."""
    inner = Router(False, span, outer.module, Lib("starlette.routing.Router"), plain=True, name=outer.name)
    for each in listed(mount.keywords.get("routes")):
        _add_made(machine, inner, each, span)
    return inner


def _add_middleware(
    machine: Machine, router: Router, args: list[Value], keywords: Keywords, span: Span
) -> Value:
    cls = _argument(args, keywords, 0, "middleware_class") or Unknown("middleware")
    if machine.ghost:
        return Known(None)
    options = {k: v for k, v in keywords.items() if k not in ("middleware_class", "dispatch")}
    router.layers.insert(0, Layer(cls, keywords.get("dispatch"), options, span))
    return Known(None)


def _layer(made: Value, span: Span) -> Layer | None:
    """An element of `middleware=[Middleware(cls, option=...)]`."""
    if not (isinstance(made, Obj) and made.args):
        return None
    options = {k: v for k, v in made.keywords.items() if k != "dispatch"}
    return Layer(made.args[0], made.keywords.get("dispatch"), options, span)


def _middleware(machine: Machine, router: Router, args: list[Value], keywords: Keywords, span: Span) -> Value:
    def decorate(given: list[Value], _: Keywords) -> Value:
        function = given[0] if given else Unknown("middleware")
        router.layers.insert(0, Layer(_HTTP_BASE, function, {}, span))
        return function

    return Native(decorate)


def _exception_handler(
    machine: Machine, router: Router, args: list[Value], keywords: Keywords, span: Span
) -> Value:
    key = _argument(args, keywords, 0, "exc_class_or_status_code") or Unknown("exception")

    def decorate(given: list[Value], _: Keywords) -> Value:
        router.handlers.append((key, given[0] if given else Unknown("handler")))
        return given[0] if given else Unknown("handler")

    return Native(decorate)


def _add_exception_handler(
    machine: Machine, router: Router, args: list[Value], keywords: Keywords, span: Span
) -> Value:
    key = _argument(args, keywords, 0, "exc_class_or_status_code") or Unknown("exception")
    router.handlers.append((key, _argument(args, keywords, 1, "handler") or Unknown("handler")))
    return Known(None)


def _on_event(machine: Machine, router: Router, args: list[Value], keywords: Keywords, span: Span) -> Value:
    when = _argument(args, keywords, 0, "event_type")

    def decorate(given: list[Value], _: Keywords) -> Value:
        if isinstance(when, Known) and when.value == "startup":
            router.startup += given[:1]
        return given[0] if given else Unknown("event")

    return Native(decorate)


def _add_event_handler(
    machine: Machine, router: Router, args: list[Value], keywords: Keywords, span: Span
) -> Value:
    when, call = _argument(args, keywords, 0, "event_type"), _argument(args, keywords, 1, "func")
    if isinstance(when, Known) and when.value == "startup" and call is not None:
        router.startup.append(call)
    return Known(None)


def _initialise(machine: Machine, router: Router, args: list[Value], keywords: Keywords, span: Span) -> Value:
    configure(machine, router, args, keywords)
    return Known(None)


def _itself(machine: Machine, router: Router, args: list[Value], keywords: Keywords, span: Span) -> Value:
    return Method(router, "call")


_Does = Callable[["Machine", Router, list[Value], Keywords, Span], Value]
_METHODS: dict[str, _Does] = {
    "__init__": _initialise,
    "api_route": _api_route,
    "add_api_route": _add_api_route,
    "websocket": _websocket,
    "websocket_route": _plain_websocket,
    "add_api_websocket_route": _add_websocket,
    "add_websocket_route": _add_plain_websocket,
    "route": _route,
    "add_route": _add_route,
    "include_router": _include,
    "mount": _mount,
    "add_middleware": _add_middleware,
    "middleware": _middleware,
    "exception_handler": _exception_handler,
    "add_exception_handler": _add_exception_handler,
    "on_event": _on_event,
    "add_event_handler": _add_event_handler,
    "__call__": _itself,
}
