"""What do a handler's decorator and signature say of the route that it serves? Seen in one function alone."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from typing import Literal

from msgspec import Struct

from strop.project.body import Body
from strop.project.spelling import is_depends, last_name
from strop.rules.elsewhere import assigned_elsewhere

Source = Literal["path", "query", "body", "form", "header", "dependency", "special", "unknown"]
METHODS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "trace"})
WORDS = (*sorted(METHODS), "api_route")  # every endpoint has one of these in its decorator
_ROUTERS = frozenset({"fastapi.APIRouter", "fastapi.FastAPI"})
_MARKERS: dict[str, Source] = {
    "Depends": "dependency",
    "Security": "dependency",
    "Query": "query",
    "Path": "path",
    "Body": "body",
    "Form": "form",
    "File": "form",
    "Header": "header",
    "Cookie": "header",
}
_SPECIAL = frozenset(
    {"Request", "Response", "WebSocket", "BackgroundTasks", "HTTPConnection", "SecurityScopes", "UploadFile"}
)
_SCALARS = frozenset({"str", "int", "float", "bool", "complex", "decimal.Decimal", "uuid.UUID"}) | {
    f"datetime.{name}" for name in ("datetime", "date", "time", "timedelta")
}
_HOLDERS = frozenset(
    {"dict", "list", "set", "tuple", "frozenset", "typing.Any", "typing.Dict", "typing.List"}
)


class Argument(Struct, frozen=True):
    """One parameter of a handler."""

    node: ast.arg
    name: str
    source: Source
    type: str  # dotted name of the class it is a value of, "" where it can't be told
    marked: bool  # whether Query(), Body(), Depends() ... is written
    default: ast.expr | None  # the plain default, or what the marker has as one
    marker: ast.Call | None = None


class Endpoint(Struct, frozen=True):
    """A function below `@router.get("/path", ...)` or a wrapper of it."""

    methods: tuple[str, ...]
    path: str  # as written on this decorator, "" also where it is not a literal
    call: ast.Call
    body: Body

    def keyword(self, name: str) -> ast.expr | None:
        """The value of a keyword of the decorator."""
        return next((k.value for k in self.call.keywords if k.arg == name), None)

    def status(self) -> int:
        """The declared status; 200 without one, 0 where it can't be told."""
        given = self.keyword("status_code")
        return 200 if given is None else status_of(self.body, given)

    def arguments(self) -> Iterator[Argument]:
        """The parameters, `self` left out."""
        args = self.body.node.args  # type: ignore[union-attr]  # an endpoint's body is a function
        positional = [*args.posonlyargs, *args.args]
        defaults = [None] * (len(positional) - len(args.defaults)) + list(args.defaults)
        pairs = [
            *zip(positional, defaults, strict=True),
            *zip(args.kwonlyargs, args.kw_defaults, strict=True),
        ]
        for node, default in pairs:
            if node.arg not in ("self", "cls"):
                yield _argument(self, node, default)


def endpoints(body: Body) -> Iterator[Endpoint]:
    """The routes that a function's decorators declare."""
    for decorator in body.node.decorator_list if isinstance(body.node, _DEFINITIONS) else ():
        if isinstance(decorator, ast.Call):
            found = _endpoint(body, decorator)
            if found is not None:
                yield found


def endpoint(body: Body) -> Endpoint | None:
    """The first route that a function's decorators declare."""
    return next(endpoints(body), None)


def status_of(body: Body, expr: ast.expr) -> int:
    """The number behind 404, `status.HTTP_404_NOT_FOUND`, `HTTPStatus.NOT_FOUND` or a constant; 0 otherwise."""
    value = body.constant(expr)
    if isinstance(value, int):
        return int(value)
    if isinstance(expr, ast.Attribute) and expr.attr == "value":
        expr = expr.value
    last = last_name(expr)
    written = re.match(r"HTTP_(\d{3})(_|$)", last)
    if written:
        return int(written[1])
    if isinstance(expr, ast.Attribute) and isinstance(expr.value, ast.Name | ast.Attribute):
        return _HTTP_STATUS.get(last, 0)
    return 0


_DEFINITIONS = ast.FunctionDef | ast.AsyncFunctionDef
_HTTP_STATUS = {
    "OK": 200, "CREATED": 201, "ACCEPTED": 202, "NO_CONTENT": 204, "BAD_REQUEST": 400, "UNAUTHORIZED": 401,
    "FORBIDDEN": 403, "NOT_FOUND": 404, "METHOD_NOT_ALLOWED": 405, "CONFLICT": 409, "GONE": 410,
    "UNPROCESSABLE_ENTITY": 422, "TOO_MANY_REQUESTS": 429, "INTERNAL_SERVER_ERROR": 500,
    "NOT_IMPLEMENTED": 501, "BAD_GATEWAY": 502, "SERVICE_UNAVAILABLE": 503, "GATEWAY_TIMEOUT": 504,
}  # fmt: skip


def _endpoint(body: Body, decorator: ast.Call) -> Endpoint | None:
    method, arguments = decorator.func, decorator.args
    if arguments and isinstance(arguments[0], ast.Attribute) and arguments[0].attr in METHODS:
        method, arguments = arguments[0], arguments[1:]  # @protected(router.post, "/path")
    if not isinstance(method, ast.Attribute) or method.attr not in (*METHODS, "api_route"):
        return None
    path = _path(body, decorator, arguments)
    owner = body.instance(method.value)
    if owner:
        if not _ROUTERS & set(body.bases(owner)):
            return None
    elif path is None or (path and not path.startswith("/")):
        return None
    return Endpoint(_methods(decorator, method.attr), path or "", decorator, body)


def _path(body: Body, decorator: ast.Call, arguments: list[ast.expr]) -> str | None:
    given = (
        arguments[0] if arguments else next((k.value for k in decorator.keywords if k.arg == "path"), None)
    )
    value = body.constant(given)
    return value if isinstance(value, str) else None


def _methods(decorator: ast.Call, name: str) -> tuple[str, ...]:
    if name != "api_route":
        return (name.upper(),)
    given = next((k.value for k in decorator.keywords if k.arg == "methods"), None)
    parts = given.elts if isinstance(given, ast.List | ast.Tuple | ast.Set) else []
    return tuple(str(p.value).upper() for p in parts if isinstance(p, ast.Constant)) or ("GET",)


def _argument(route: Endpoint, node: ast.arg, default: ast.expr | None) -> Argument:
    body = route.body
    marker = _marker(default) or _annotated(body, node.annotation)
    inner = _default(marker) if marker is not None and marker is default else default
    given = body.types.annotation(node.annotation, body.scope) if node.annotation is not None else None
    kind = given.name if given is not None and given.kind == "instance" else ""
    if marker is not None:
        source = _MARKERS[last_name(marker.func)]
    elif f"{{{node.arg}}}" in route.path or f"{{{node.arg}:" in route.path:
        source = "path"
    else:
        source = _source(body, kind, node.annotation)
    return Argument(node, node.arg, source, kind, marker is not None, inner, marker)


def _source(body: Body, kind: str, annotation: ast.expr | None) -> Source:
    """Where FastAPI takes an unmarked parameter from, by its type."""
    if annotation is None:
        return "query"
    if kind.rpartition(".")[2] in _SPECIAL:
        return "special"
    if kind in _SCALARS or any(base.startswith("enum.") for base in body.bases(kind)):
        return "query"
    if kind in _HOLDERS or any(base.startswith(("pydantic.", "sqlmodel.")) for base in body.bases(kind)):
        return "body"
    return "unknown"


def _marker(expr: ast.expr | None) -> ast.Call | None:
    found = isinstance(expr, ast.Call) and last_name(expr.func) in _MARKERS
    return expr if found and isinstance(expr, ast.Call) else None


def _annotated(body: Body, annotation: ast.expr | None) -> ast.Call | None:
    """The marker in `Annotated[X, Query()]`, also behind a name, of this module or of another."""
    shown = body.value(annotation) if annotation is not None else None
    shown = assigned_elsewhere(body, shown) if isinstance(shown, ast.Name | ast.Attribute) else shown
    if not isinstance(shown, ast.Subscript) or last_name(shown.value) != "Annotated":
        return None
    parts = shown.slice.elts if isinstance(shown.slice, ast.Tuple) else []
    return next((found for part in parts[1:] if (found := _marker(part)) is not None), None)


def _default(marker: ast.Call) -> ast.expr | None:
    if is_depends(marker):
        return None
    named = next((k.value for k in marker.keywords if k.arg == "default"), None)
    return marker.args[0] if marker.args else named
