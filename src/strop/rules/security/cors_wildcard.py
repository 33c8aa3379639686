"""Any origin may send requests with the user's cookies.

**What.** `CORSMiddleware` with `allow_origins=["*"]` (or an expression that matches everything) and
`allow_credentials=True`.

**Why it costs.** Starlette then answers each origin with its own name and "credentials allowed": every site that a
user visits can call the API with that user's cookies and read the answers.

**How it is found.** The arguments where the middleware is added, constants followed. A note in an application that
neither reads nor sets a cookie, has no session and no HTTP Basic: there a browser sends nothing by itself. What
counts is what the routes behind this middleware do: those of its own application and of what is mounted there. A session of the
application around a mounted one counts where the mounted one reads it; one out of which each value
is popped does not: it carries the state of one login to the next request. A note too where each cookie that is set is `samesite="lax"` or "strict" and nothing else identifies a user (no session middleware); and in examples and tools.

**How to fix it.** Name the origins that may, or leave `allow_credentials` out: a token in the `Authorization` header
does not need it.

**When it is no problem.** No cookie and no client certificate ever identifies a user.

**Sources.** https://fastapi.tiangolo.com/tutorial/cors/ ; https://www.starlette.io/middleware/#corsmiddleware
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.route import Middleware, Route
from strop.project.spelling import last_name
from strop.rules.aside import is_aside
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks

RULE = Rule("SEC011", "cors-wildcard", "security", "error", "Any origin with the user's cookies", static=True)
WORDS = ("CORSMiddleware", "cookies", "set_cookie", "CookieTransport", "session")
KINDS = ("function", "module", "class")
_SENT = ("APIKeyCookie", "HTTPBasic", "HTTPDigest")  # what a browser sends by itself
_CONNECTIONS = (".Request", ".HTTPConnection", ".WebSocket")
_REQUESTS = frozenset({"request", "req", "websocket", "ws", "conn", "connection"})
_EVERYTHING = ("*", ".*", "^.*$", "https?://.*", ".+")


def notice(body: Body) -> Iterator[Mark]:
    """Where CORSMiddleware gets a wildcard and credentials, and where cookies are read or set."""
    cookies = (
        *body.calls("set_cookie", "CookieTransport"),
        *(a for a in body.of(ast.Attribute) if a.attr == "cookies"),
    )
    for place in cookies[:1]:
        kept = all(_stays(body, each) for each in cookies if isinstance(each, ast.Call))
        sets = any(isinstance(each, ast.Call) for each in cookies)
        yield body.mark(RULE.code, place, kind="cookie", sets=sets, sent=not kept)
    sessions = [read for read in body.of(ast.Attribute) if _is_session(body, read)]
    for read in sessions[:1]:
        yield body.mark(RULE.code, read, kind="session", once=all(_is_once(body, each) for each in sessions))
    for call in body.calls("add_middleware", "Middleware", "CORSMiddleware"):
        names = [body.name(arg) for arg in call.args[:1]] + [body.name(call.func)]
        given = {k.arg: k.value for k in call.keywords}
        if not any(name.endswith(".CORSMiddleware") for name in names):
            continue
        if body.constant(given.get("allow_credentials")) is not True:
            continue
        wild = (
            _is_wild(body, given.get("allow_origins"))
            or body.constant(given.get("allow_origin_regex")) in _EVERYTHING
        )
        if wild:
            yield body.mark(RULE.code, call)


def _is_session(body: Body, read: ast.Attribute) -> bool:
    """Whether this is the session of a request, by its type or, where that isn't known, its name."""
    if read.attr != "session":
        return False
    known = body.instance(read.value)
    return known.endswith(_CONNECTIONS) or (not known and last_name(read.value) in _REQUESTS)


def _is_once(body: Body, read: ast.Attribute) -> bool:
    """Whether a session is only written here, or read by a `pop`: what is gone with its first use tells nobody's name."""
    match body.parent(read):
        case ast.Subscript(ctx=ast.Store()):
            return True
        case ast.Attribute(attr="pop"):
            return True
    return False


def _stays(body: Body, call: ast.Call) -> bool:
    """Whether a cookie is set so that browsers keep it from what other sites' scripts fetch."""
    given = next((k.value for k in call.keywords if k.arg in ("samesite", "cookie_samesite")), None)
    return str(body.constant(given)).lower() in ("lax", "strict")


def _is_wild(body: Body, given: ast.expr | None) -> bool:
    value = body.value(given) if given is not None else None
    match value:
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            return any(isinstance(part, ast.Constant) and part.value == "*" for part in parts)
        case ast.Constant(value="*"):
            return True
    return False


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each place."""
    for mark in marks(project, RULE):
        added = [m for m in project.imported.middleware if _is_at(m, mark)]
        behind = _behind(project, added)
        cookies = _has_cookies(project, added, behind)
        yield draft(
            RULE,
            mark.span,
            [r.key for r in behind if r.kind == "http"],
            message='CORSMiddleware allows every origin ("*") with credentials',
            impact="any site that a user visits can call the API with the user's cookies and read what it answers",
            solution="name the origins, or set allow_credentials=False where no cookie identifies users",
            known="static",
            confidence=0.95,
            severity=None if cookies and not is_aside(mark.span.file) else "note",
        )


def _is_at(middleware: Middleware, mark: Mark) -> bool:
    """Whether a layer is added where the mark is."""
    added, span = middleware.added, mark.span
    if added is None or added.file != span.file:
        return False
    return added.line <= max(span.end_line, span.line) and span.line <= max(added.end_line, added.line)


def _behind(project: Project, added: list[Middleware]) -> list[Route]:
    """The routes whose requests pass one of these layers; without any, where it can't be told whose it is, all of
    the only application, or none of several.
    """
    routes = project.imported.routes
    if added:
        return [r for r in routes if any(m.is_around(r) for m in added)]
    several = len({(r.application, r.mounted) for r in routes}) > 1
    return [] if several else list(routes)


def _has_cookies(project: Project, added: list[Middleware], behind: list[Route]) -> bool:
    """Whether anything may identify a user of these routes by what a browser sends by itself."""
    routes = behind if added else list(project.imported.routes)
    keys = {route.key for route in routes}
    cookies = [mark for mark in marks(project, RULE, "cookie") if _is_of(project, mark, keys)]
    if any(mark.fact("sent") for mark in cookies):
        return True
    stay = any(mark.fact("sets") for mark in cookies)
    if cookies and not stay:
        return True  # read here, set by somebody else
    if any(_keeps_session(project, m, added, keys) for m in project.imported.middleware):
        return True
    return any(
        (not stay and any(p.place == "cookie" for p in route.parameters))
        or any(d.scheme.endswith(_SENT if not stay else _SENT[1:]) for d in route.dependencies)
        for route in routes
    )


def _is_of(project: Project, mark: Mark, keys: set[str]) -> bool:
    """Whether one of these routes leads to a mark; or none at all, so that it can't be told whose it is."""
    led = {way.route for way in project.reaches.get(mark.function, ()) if way.route}
    return not led or bool(led & keys)


def _keeps_session(project: Project, layer: Middleware, added: list[Middleware], keys: set[str]) -> bool:
    """Whether a layer keeps sessions for what lies behind one of the added layers: its own application's, or one that
    the routes behind it read.
    """
    if "session" not in layer.name.rpartition(":")[2].lower():
        return False
    uses = list(marks(project, RULE, "session"))
    if uses and all(mark.fact("once") for mark in uses):
        return False
    owners = {(m.application, m.mounted) for m in added}
    if not owners or (layer.application, layer.mounted) in owners or not layer.application:
        return True
    return layer.application in {m.application for m in added} and any(
        _is_of(project, mark, keys) for mark in uses
    )


_MOUNTED = """
from fastapi import Cookie, Request
from fastapi.middleware.cors import CORSMiddleware
from starlette.middleware.sessions import SessionMiddleware

news = FastAPI()
news.add_middleware(CORSMiddleware, allow_origins=["*"], allow_credentials=True)


@news.get("/latest")
def latest():
    return "news"


app.add_middleware(SessionMiddleware, secret_key="of the tests")
app.mount("/news", news)


@app.get("/me")
def me(request: Request, name: str = Cookie()):
    return request.session["user"], request.cookies
"""
_READS_SESSION = """

@news.get("/mine")
def mine(request: Request):
    return request.session["user"]
"""

_STATE = """
from fastapi import Request
from fastapi.middleware.cors import CORSMiddleware
from starlette.middleware.sessions import SessionMiddleware

app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_credentials=True)
app.add_middleware(SessionMiddleware, secret_key="of the tests")


@app.get("/connect")
def connect(request: Request):
    request.session["state"] = "random"


@app.get("/connected")
def connected(request: Request, state: str):
    return request.session.pop("state", "") == state
"""

EXAMPLES = (
    Example(
        "everybody with cookies",
        plain("""
from fastapi import Cookie
from fastapi.middleware.cors import CORSMiddleware

app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_credentials=True, allow_methods=["*"])


@app.get("/me")
def me(session: str = Cookie()):
    return session
"""),
        bad=True,
    ),
    Example(
        "one origin with cookies",
        plain("""
from fastapi.middleware.cors import CORSMiddleware

app.add_middleware(CORSMiddleware, allow_origins=["https://shop.example"], allow_credentials=True)
"""),
        bad=False,
        mends="everybody with cookies",
    ),
    Example(
        "everybody without cookies",
        plain("""
from fastapi.middleware.cors import CORSMiddleware

app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_methods=["*"])
"""),
        bad=False,
    ),
    Example(
        "cookies that stay on their site: a note",
        plain("""
from fastapi import Cookie, Response
from fastapi.middleware.cors import CORSMiddleware

app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_credentials=True, allow_methods=["*"])


@app.post("/login")
def login(name: str, response: Response):
    response.set_cookie("session", name, httponly=True, samesite="lax")


@app.get("/me")
def me(session: str = Cookie()):
    return session
"""),
        bad=True,
    ),
    Example(
        "cookies that go everywhere",
        plain("""
from fastapi import Cookie, Response
from fastapi.middleware.cors import CORSMiddleware

app.add_middleware(CORSMiddleware, allow_origins=["*"], allow_credentials=True, allow_methods=["*"])


@app.post("/login")
def login(name: str, response: Response):
    response.set_cookie("session", name, httponly=True, samesite="none", secure=True)


@app.get("/me")
def me(session: str = Cookie()):
    return session
"""),
        bad=True,
    ),
    Example(
        "a mounted application that reads no cookie: a note",
        plain(_MOUNTED),
        bad=True,
    ),
    Example(
        "a mounted application that reads the session around it",
        plain(_MOUNTED + _READS_SESSION),
        bad=True,
    ),
    Example(
        "a session whose values are taken out with their first use: a note",
        plain(_STATE),
        bad=True,
    ),
    Example(
        "a session that says who it is",
        plain(_STATE.replace('request.session.pop("state", "")', 'request.session["user"]')),
        bad=True,
    ),
    Example(
        "an application beside the one with cookies: a note",
        plain(
            """
from fastapi import Cookie


@app.get("/me")
def me(session: str = Cookie()):
    return session
""",
            public="""
from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware

served = FastAPI()
served.add_middleware(CORSMiddleware, allow_origins=["*"], allow_credentials=True)


@served.get("/latest")
def latest():
    return "news"
""",
        ),
        bad=True,
    ),
)
