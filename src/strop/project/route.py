"""Routes as FastAPI resolves them."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from strop.span import Span

Place = Literal["path", "query", "header", "cookie", "body", "form", "file"]
Level = Literal["parameter", "route", "router", "include", "app"]
Arms = tuple[
    tuple[int, int], ...
]  # the forks around what registers something, and which branch of each it stands in


class Parameter(Struct, frozen=True):
    """One value that a request carries, as the source declares it."""

    name: str
    place: Place
    type: str  # text of the annotation
    span: Span
    required: bool = True
    default: str = ""  # text
    limits: tuple[tuple[str, str], ...] = ()  # ge, le, max_length, pattern ... as text
    model: str = ""  # id of the project's class that a body or form is read into
    owner: str = ""  # "module:qualname" of the handler or dependency that asks for it


class Dependency(Struct, frozen=True):
    """One dependency of a route, in the order in which FastAPI calls it."""

    name: str  # "module:qualname"
    span: Span | None  # None for library code
    is_async: bool
    is_generator: bool = False
    is_class: bool = False
    depth: int = 1
    parameter: str = ""  # the parameter that receives it, "" where only its effect is wanted
    parent: str = ""  # name of the dependency that asks for it, "" for the route itself
    level: Level = "parameter"  # where it was declared
    scheme: str = ""  # dotted name of the library's security class that it is an instance of
    scopes: tuple[str, ...] = ()
    uncertain: str = ""  # why it can't be told what is called; the name is the best that is known


class Route(Struct, frozen=True):
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
    parameters: tuple[Parameter, ...] = ()  # of the handler and all dependencies; source reader only
    responses: tuple[int, ...] = ()  # documented besides `status`; source reader only, like what follows
    operation_id: str = ""
    in_schema: bool = True
    deprecated: bool = False
    decorator: Span | None = None  # where the route is declared
    router: str = ""  # "module:name" of the router or application that it is declared on
    application: str = ""  # which application serves it, where the source makes several
    mounted: tuple[str, ...] = ()  # the applications mounted in that one that it lies in, outermost first
    plain: bool = False  # Starlette's `@app.route`: no dependencies, no validation
    arms: Arms = ()  # source reader only
    uncertain: str = (
        ""  # why path, handler or dependencies may be incomplete; never call such a route unprotected
    )

    @property
    def key(self) -> str:
        """Method and path template: "GET /orders/{order_id}"."""
        return f"{self.method} {self.path}"

    def may_meet(self, other: Route) -> bool:
        """Whether there can be both at once: they are not registered in two branches of one fork."""
        own = dict(self.arms)
        return all(own.get(fork, place) == place for fork, place in other.arms)


class Middleware(Struct, frozen=True):
    """One layer around the application, outermost first."""

    name: str  # "module:qualname"
    span: Span | None
    base_http: bool = False  # a subclass of BaseHTTPMiddleware
    options: tuple[tuple[str, str], ...] = ()  # keyword arguments as text; source reader only
    added: Span | None = None  # where it is added; source reader only
    application: str = ""  # as `Route.application`; source reader only
    mounted: str = ""  # the application mounted in that one that it is added to, "" for that one itself

    def is_around(self, route: Route) -> bool:
        """Whether requests of a route pass it: it is around its own application and what is mounted there."""
        served = self.application in ("", route.application)
        return served and (not self.mounted or self.mounted in route.mounted)


class ExceptionHandler(Struct, frozen=True):
    """Which exception is answered by which function."""

    handles: str
    name: str
    span: Span | None = None
