"""A WebSocket depends on something that needs a Request: it fails whenever it is opened.

**What.** A dependency of a WebSocket route, its own or one of its router or application, has a parameter annotated
`Request`.

**Why it costs.** A WebSocket has no Request. FastAPI leaves the parameter out, and the call fails with a TypeError: the
socket can't be opened at all. Before FastAPI 0.97 dependencies of routers and of the application were skipped for
WebSockets without a word, and whoever relied on them had no check.

**How it is found.** The effective dependencies of WebSocket routes, and the annotations of their parameters.

**How to fix it.** Annotate `HTTPConnection` of `starlette.requests`: it is the base of both, and has headers, cookies and
query parameters.

**When it is no problem.** The parameter has a default and the dependency does without it.

**Sources.** https://fastapi.tiangolo.com/reference/httpconnection/ ; https://github.com/fastapi/fastapi/issues/2587 ;
https://github.com/fastapi/fastapi/pull/4534
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from packaging.version import InvalidVersion, Version

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.route import Dependency
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.protection import Protection
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.span import Span, Step

RULE = Rule(
    "AUTH006",
    "request-in-websocket",
    "auth",
    "error",
    "A WebSocket that needs a Request",
    since="fastapi>=0.97",
    static=True,
)
WORDS = ("Request",)
_RELAXED = Version("0.140")  # the security classes of 0.139 take a Request, later ones HTTPConnection
_REQUESTS = frozenset({"fastapi.Request", "starlette.requests.Request", "fastapi.requests.Request"})


def notice(body: Body) -> Iterator[Mark]:
    """Functions that can't do without a Request."""
    assert not isinstance(body.node, ast.Module | ast.ClassDef)
    args = body.node.args
    plain_ones = [*args.posonlyargs, *args.args]
    optional = {a.arg for a in plain_ones[len(plain_ones) - len(args.defaults) :]}
    optional |= {a.arg for a, d in zip(args.kwonlyargs, args.kw_defaults, strict=True) if d is not None}
    for arg in (*plain_ones, *args.kwonlyargs):
        if (
            arg.arg not in optional
            and isinstance(arg.annotation, ast.Name | ast.Attribute)
            and body.name(arg.annotation) in _REQUESTS
        ):
            yield body.mark(RULE.code, arg, parameter=arg.arg)
            return


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each such dependency, with the WebSockets that have it."""
    protection = Protection.of(project)
    marks = {m.function: m for m in project.source.marks.get(RULE.code, ())}
    found: dict[str, list[str]] = {}
    for route in project.imported.routes:
        for dependency in route.dependencies if route.kind == "websocket" else ():
            for function in _functions(protection, dependency):
                if function in marks:
                    found.setdefault(function, []).append(route.key)
    yield from _by_library(project, protection)
    for function, keys in sorted(found.items()):
        mark = marks[function]
        yield draft(
            RULE,
            mark.span,
            keys,
            message=f"{mark.span.symbol} needs a Request ({mark.fact('parameter')}), and a WebSocket has none",
            impact="the WebSocket can't be opened: FastAPI calls the dependency without the parameter",
            solution="annotate HTTPConnection of starlette.requests instead of Request",
            known="static",
            confidence=0.9,
            chain=(Step(sorted(keys)[0], mark.span),),
        )


def _by_library(project: Project, protection: Protection) -> Iterator[Finding]:
    """WebSockets that depend on a security class of an older FastAPI, which takes a Request."""
    version = dict(project.imported.versions).get("fastapi", "")
    if not _is_older(version):
        return
    for route in project.imported.routes:
        handler = protection.handler(route) if route.kind == "websocket" else None
        schemes = [d.scheme for d in route.dependencies if d.scheme.startswith("fastapi.security")]
        if handler is not None and schemes:
            span = Span(handler.span.file, handler.span.line, handler.span.symbol)
            yield draft(
                RULE,
                span,
                [route.key],
                message=f"the WebSocket {route.path} depends on {schemes[0].rpartition('.')[2]}, which needs a Request in FastAPI {version}",
                impact="the WebSocket can't be opened: FastAPI calls the dependency without its parameter",
                solution="read the token from the query or a cookie in a dependency that takes HTTPConnection",
                known="static",
                confidence=0.85,
                chain=(Step(route.key, span),),
            )


def _is_older(version: str) -> bool:
    """Whether a locked version is surely one whose classes take a Request; a range says nothing."""
    try:
        return Version(version) < _RELAXED
    except InvalidVersion:
        return False


def _functions(protection: Protection, dependency: Dependency) -> Iterator[str]:
    owner = protection.finder.class_(dependency.name)
    if owner is None:
        function = protection.finder.function(dependency.name, dependency.span)
        if function is not None:
            yield function.id
        return
    method = protection.finder.method(owner, "__init__" if dependency.is_class else "__call__")
    if method is not None:
        yield method.id


_CODE = """
from fastapi import Request, WebSocket
from starlette.requests import HTTPConnection

"""
EXAMPLES = (
    Example(
        "a dependency with a Request",
        plain(
            _CODE
            + """
def language(request: Request) -> str:
    return request.headers.get("accept-language", "en")


@app.websocket("/ticker")
async def ticker(websocket: WebSocket, language: str = Depends(language)):
    await websocket.accept()
    await websocket.send_text(language)
"""
        ),
        bad=True,
    ),
    Example(
        "a dependency with a connection",
        plain(
            _CODE
            + """
def language(connection: HTTPConnection) -> str:
    return connection.headers.get("accept-language", "en")


@app.websocket("/ticker")
async def ticker(websocket: WebSocket, language: str = Depends(language)):
    await websocket.accept()
    await websocket.send_text(language)
"""
        ),
        bad=False,
        mends="a dependency with a Request",
    ),
    Example(
        "a route over HTTP",
        plain(
            _CODE
            + """
def language(request: Request) -> str:
    return request.headers.get("accept-language", "en")


@app.get("/hello")
async def hello(language: str = Depends(language)):
    return language
"""
        ),
        bad=False,
    ),
)
