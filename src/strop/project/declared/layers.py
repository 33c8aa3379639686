"""What is around the routes of an application: middleware, exception handlers, lifespan, options."""

from __future__ import annotations

from strop.project.declared.classes import library_bases
from strop.project.declared.follow import Machine
from strop.project.declared.library import BASE_HTTP
from strop.project.declared.named import name_of, span_of
from strop.project.declared.values import (
    Cls,
    Func,
    Known,
    Layer,
    Lib,
    Method,
    Obj,
    Router,
    Several,
    Table,
    Unknown,
    Value,
)
from strop.project.route import ExceptionHandler, Middleware

_HANDLERS = (
    ("starlette.exceptions:HTTPException", "http_exception_handler"),
    ("fastapi.exceptions:RequestValidationError", "request_validation_exception_handler"),
    ("fastapi.exceptions:WebSocketRequestValidationError", "websocket_request_validation_exception_handler"),
)


def middleware_of(machine: Machine, app: Router) -> list[Middleware]:
    """The layers of an application, outermost first."""
    return [_middleware(machine, layer) for layer in (*app.wrappers, *app.layers)]


def _middleware(machine: Machine, layer: Layer) -> Middleware:
    named = layer.dispatch if layer.dispatch is not None else layer.cls
    return Middleware(
        name_of(named),
        span_of(named),
        _is_base_http(machine, layer.cls),
        tuple((name, text(value)) for name, value in layer.options.items()),
        layer.span,
    )


def _is_base_http(machine: Machine, cls: Value) -> bool:
    if not isinstance(cls, Cls | Lib):
        return False
    names = library_bases(machine, cls) if isinstance(cls, Cls) else [cls.name]
    return any(name in BASE_HTTP or name.endswith(".BaseHTTPMiddleware") for name in names)


def handlers_of(app: Router) -> list[ExceptionHandler]:
    """Exception handlers, those that FastAPI adds by itself too."""
    found: dict[str, ExceptionHandler] = {}
    if not app.plain:
        for handles, name in _HANDLERS:
            found[handles] = ExceptionHandler(handles, f"fastapi.exception_handlers:{name}")
    for key, handler in app.handlers:
        handles = str(key.value) if isinstance(key, Known) else name_of(key)
        found[handles] = ExceptionHandler(handles, name_of(handler), span_of(handler))
    return list(found.values())


def lifespan_of(app: Router) -> str:
    """ "module:qualname" of the lifespan, or of the start-up handlers."""
    given = app.options.get("lifespan")
    if given is not None and not (isinstance(given, Known) and given.value is None):
        return name_of(given)
    return ", ".join(name_of(each) for each in app.startup)


def options_of(app: Router) -> tuple[tuple[str, str], ...]:
    """The keyword arguments of the constructor, as text."""
    return tuple((name, text(value)) for name, value in app.options.items())


def text(value: Value) -> str:
    """A value as text."""
    match value:
        case Known(constant, doubt):
            return repr(constant) if not doubt else f"{constant!r} and {doubt}"
        case Several(items, rest):
            inner = [*map(text, items), *(["..."] if rest else [])]
            return f"[{', '.join(inner)}]"
        case Table(pairs):
            return "{" + ", ".join(f"{k!r}: {text(v)}" for k, v in pairs.items()) + "}"
        case Obj(cls, args):
            return f"{name_of(cls)}({', '.join(map(text, args))})"
        case Func() | Cls() | Lib() | Method() | Router() | Unknown():
            return name_of(value)
    return type(value).__name__.lower()
