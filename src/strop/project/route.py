"""Routes as FastAPI resolves them."""

from __future__ import annotations

from dataclasses import dataclass

from strop.span import Span


@dataclass(frozen=True, slots=True)
class Dependency:
    """One dependency of a route, in the order in which FastAPI calls it."""

    name: str  # "module:qualname"
    span: Span | None  # None for library code
    is_async: bool
    is_generator: bool = False
    is_class: bool = False
    depth: int = 1


@dataclass(frozen=True, slots=True)
class Route:
    """One operation."""

    method: str
    path: str
    name: str  # "module:qualname" of the handler
    span: Span | None
    is_async: bool
    dependencies: tuple[Dependency, ...] = ()
    response_model: str = ""
    response_model_params: str = ""  # include, exclude, by_alias, exclude_unset ..., canonical text
    response_class: str = ""
    status: int = 200
    kind: str = "http"  # http, websocket, mount
    tags: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Method and path template: "GET /orders/{order_id}"."""
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Middleware:
    """One layer around the application, outermost first."""

    name: str  # "module:qualname"
    span: Span | None
    base_http: bool = False  # a subclass of BaseHTTPMiddleware


@dataclass(frozen=True, slots=True)
class ExceptionHandler:
    """Which exception is answered by which function."""

    handles: str
    name: str
    span: Span | None = None
