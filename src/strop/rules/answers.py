"""Which expressions answer a request: responses, HTTP errors, their statuses and bodies?"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.project.body import Body
from strop.rules.endpoint import status_of

RESPONSES = frozenset(
    {"Response", "JSONResponse", "ORJSONResponse", "UJSONResponse", "HTMLResponse", "PlainTextResponse"}
)
_LIBRARIES = ("fastapi", "starlette")


def is_http_error(body: Body, call: ast.Call) -> bool:
    """Whether a call makes FastAPI's or Starlette's HTTPException, or a subclass of the project's."""
    return is_http_error_class(body, body.name(call.func))


def is_http_error_class(body: Body, name: str) -> bool:
    """Whether a dotted name is such a class."""
    return (
        any(b.startswith(_LIBRARIES) and b.endswith("HTTPException") for b in body.bases(name))
        if name
        else False
    )


def http_errors(body: Body) -> Iterator[ast.Call]:
    """Calls that make an HTTP error."""
    for call in body.of(ast.Call):
        if is_http_error(body, call):
            yield call


def responses(body: Body) -> Iterator[ast.Call]:
    """Calls that make a response with content (no redirect, file or stream)."""
    for call in body.calls(*RESPONSES):
        name = body.name(call.func)
        if name.startswith(_LIBRARIES):
            yield call


def argument(call: ast.Call, place: int, *names: str) -> ast.expr | None:
    """A positional or keyword argument of a call."""
    if 0 <= place < len(call.args) and not any(isinstance(a, ast.Starred) for a in call.args[: place + 1]):
        return call.args[place]
    return next((k.value for k in call.keywords if k.arg in names), None)


def error_status(body: Body, call: ast.Call) -> int:
    """The status of an HTTPException; 0 where it can't be told."""
    given = argument(call, 0, "status_code")
    return status_of(body, given) if given is not None else 0


def error_detail(call: ast.Call) -> ast.expr | None:
    """The detail of an HTTPException."""
    return argument(call, 1, "detail")


def response_status(body: Body, call: ast.Call) -> int:
    """The status of a response; 200 without one, 0 where it can't be told."""
    given = argument(call, 1, "status_code")
    return 200 if given is None else status_of(body, given)


def response_content(call: ast.Call) -> ast.expr | None:
    """What a response is made of."""
    return argument(call, 0, "content")


def texts(expr: ast.AST) -> str:
    """All literal text in an expression, in small letters."""
    parts = (n.value for n in ast.walk(expr) if isinstance(n, ast.Constant) and isinstance(n.value, str))
    return " ".join(parts).lower()
