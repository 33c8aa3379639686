"""A WebSocket that anybody may open, or that any site may open for a user.

**What.** A WebSocket route checks nobody, in an application whose other routes do; or it takes the session from a cookie
and does not look at the `Origin` header.

**Why it costs.** An open socket is open to all who reach the service. Browsers send cookies with a WebSocket from any
site, and CORS does not apply to it: a page elsewhere talks to the service as the user.

**How it is found.** WebSocket routes without a guard among their dependencies, where neither the handler nor what it
calls refuses or mentions a token, a user or a session; and handlers that read cookies themselves, in a project
where nothing that they reach mentions the origin: a note unless a cookie of the project is set with `samesite="none"`,
because browsers leave others out of a socket that another site opens.

**How to fix it.** A dependency that authenticates (a short-lived token from a protected route), raising
`WebSocketException(1008)`; with cookies, a comparison of `Origin` with the allowed ones.

**When it is no problem.** What is sent is public.

**Sources.** https://fastapi.tiangolo.com/advanced/websockets/#using-depends-and-others ;
https://cheatsheetseries.owasp.org/cheatsheets/WebSocket_Security_Cheat_Sheet.html
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding, Severity
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.route import Route
from strop.regex import regex
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.protection import Protection
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks
from strop.span import Span, Step

RULE = Rule("AUTH005", "open-websocket", "auth", "error", "A WebSocket that anybody may open", static=True)
WORDS = (
    "websocket",
    "WebSocket",
    "ws",
    "origin",
    "Origin",
    "cookies",
    "samesite",
    "same_site",
    "cookie_samesite",
)
KINDS = ("function", "module", "class")
_KNOWS = regex(
    r"token|user|auth|session|secret|api_?key|ticket|credential|permission|verif|signature|password|jwt|login|account|cookie|tenant",
    re.IGNORECASE,
)
_CONNECTIONS = frozenset(
    f"{module}.{name}"
    for module in (
        "fastapi",
        "starlette.websockets",
        "fastapi.websockets",
        "starlette.requests",
        "fastapi.requests",
    )
    for name in ("WebSocket", "HTTPConnection", "Request")
)
_DEEPEST = 3
_FEWEST = 3  # protected routes that show that the application knows who calls


def notice(body: Body) -> Iterator[Mark]:
    """What a function that may serve a WebSocket mentions."""
    knows = next((w for w in sorted(body.words) if _KNOWS.search(w)), "")
    origin = any("origin" in w.lower() for w in body.words)
    cookies = any(
        a.attr == "cookies" and body.instance(a.value) in _CONNECTIONS for a in body.of(ast.Attribute)
    )
    for call in body.calls("set_cookie", "add_middleware", "Middleware", "CookieTransport"):
        given = {k.arg: k.value for k in call.keywords}
        values = (given.get(name) for name in ("samesite", "same_site", "cookie_samesite"))
        if any(str(body.constant(value)).lower() == "none" for value in values if value is not None):
            yield body.mark(RULE.code, call, kind="foreign")
    if isinstance(body.node, ast.Module | ast.ClassDef):
        return
    if knows or origin or cookies:
        yield body.mark(RULE.code, body.node, knows=knows, origin=origin, cookies=cookies)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each WebSocket."""
    protection = Protection.of(project)
    mentions = {m.function: m for m in marks(project, RULE)}
    foreign = any(True for _ in marks(project, RULE, "foreign"))
    sockets = [r for r in project.imported.routes if r.kind == "websocket"]
    knows_callers = (
        sum(bool(protection.guards(r)) for r in project.imported.routes if r.kind == "http") >= _FEWEST
    )
    for route in sockets:
        handler = protection.handler(route)
        if handler is None:
            continue
        below = [mentions[f] for f in sorted(_below(project, protection, route, handler.id)) if f in mentions]
        span = Span(handler.span.file, handler.span.line, handler.span.symbol)
        cookie = any(p.place == "cookie" for p in route.parameters) or any(
            d.scheme.endswith("APIKeyCookie") for d in route.dependencies
        )
        if (cookie or any(m.fact("cookies") for m in below)) and not any(m.fact("origin") for m in below):
            what = "takes the session from a cookie and never looks at the origin"
            yield _finding(route, span, what, 0.65, None if foreign else "note")
            continue
        asks_nobody = (
            protection.is_open(route)
            and not protection.is_public(route)
            and not any(m.fact("knows") for m in below)
        )
        if knows_callers and asks_nobody and not protection.around:
            yield _finding(route, span, "checks nobody", 0.7)


def _below(project: Project, protection: Protection, route: Route, handler: str) -> set[str]:
    """The handler, its dependencies, and what they call."""
    found = {handler}
    for dependency in route.dependencies:
        function = protection.finder.function(dependency.name, dependency.span)
        found |= {function.id} if function is not None else set()
    level = set(found)
    for _ in range(_DEEPEST):
        calls = (c for f in level if f in project.source.functions for c in project.source.functions[f].calls)
        level = {c.target for c in calls if c.target} - found
        found |= level
    return found


def _finding(
    route: Route, span: Span, what: str, confidence: float, severity: Severity | None = None
) -> Finding:
    cookie = "cookie" in what
    return draft(
        RULE,
        span,
        [route.key],
        message=f"the WebSocket {route.path} {what}",
        impact="a page of any site opens it as the user who visits"
        if cookie
        else "anybody who reaches the service can open it",
        solution="compare the Origin header with the allowed ones"
        if cookie
        else "authenticate in a dependency that raises WebSocketException(1008)",
        known="static",
        confidence=confidence,
        severity=severity,
        chain=(Step(route.key, span),),
    )


_ROUTES = """
from fastapi import Header, WebSocket, WebSocketException

PRICES = [1, 2, 3]


def current_user(authorization: str = Header()) -> str:
    if not authorization:
        raise HTTPException(401)
    return authorization


@app.get("/orders")
def orders(user: str = Depends(current_user)):
    return PRICES


@app.get("/prices")
def prices(user: str = Depends(current_user)):
    return PRICES


@app.get("/rates")
def rates(user: str = Depends(current_user)):
    return PRICES


"""
EXAMPLES = (
    Example(
        "prices for all",
        plain(
            _ROUTES
            + """
@app.websocket("/ticker")
async def ticker(websocket: WebSocket):
    await websocket.accept()
    for price in PRICES:
        await websocket.send_json(price)
"""
        ),
        bad=True,
    ),
    Example(
        "prices for those who are known",
        plain(
            _ROUTES
            + """
def known(token: str) -> str:
    if token != "good":
        raise WebSocketException(1008)
    return token


@app.websocket("/ticker")
async def ticker(websocket: WebSocket, caller: str = Depends(known)):
    await websocket.accept()
    for price in PRICES:
        await websocket.send_json(price)
"""
        ),
        bad=False,
        mends="prices for all",
    ),
    Example(
        "the first message has a token",
        plain(
            _ROUTES
            + """
@app.websocket("/ticker")
async def ticker(websocket: WebSocket):
    await websocket.accept()
    if (await websocket.receive_json()).get("token") != "good":
        await websocket.close(1008)
        return
    for price in PRICES:
        await websocket.send_json(price)
"""
        ),
        bad=False,
    ),
    Example(
        "cookies of another's browser",
        plain(
            _ROUTES
            + """
BROWSERS = {}


@app.websocket("/control")
async def control(websocket: WebSocket, token: str):
    if token != "good":
        raise WebSocketException(1008)
    await websocket.accept()
    cookies = BROWSERS[token].context.cookies
    await websocket.send_json({"cleared": len(cookies)})
"""
        ),
        bad=False,
    ),
    Example(
        "what is asked for can't be followed",
        plain(
            _ROUTES
            + """
from plugins import installed


def serve(plugin):
    @app.websocket("/ticker")
    async def ticker(websocket: WebSocket, door: object = Depends(plugin.door)):
        await websocket.accept()
        for price in PRICES:
            await websocket.send_json(price)


serve(installed[0])
"""
        ),
        bad=False,
    ),
    Example(
        "a rate limit is no check",
        plain(
            _ROUTES
            + """
from fastapi_limiter.depends import WebSocketRateLimiter


@app.websocket("/ticker")
async def ticker(websocket: WebSocket, limit: object = Depends(WebSocketRateLimiter(times=5, seconds=60))):
    await websocket.accept()
    for price in PRICES:
        await websocket.send_json(price)
"""
        ),
        bad=True,
    ),
)
