"""Any origin may send requests with the user's cookies.

**What.** `CORSMiddleware` with `allow_origins=["*"]` (or an expression that matches everything) and
`allow_credentials=True`.

**Why it costs.** Starlette then answers each origin with its own name and "credentials allowed": every site that a
user visits can call the API with that user's cookies and read the answers.

**How it is found.** The arguments where the middleware is added, constants followed. A note in an application that
neither reads nor sets a cookie, has no session and no HTTP Basic: there a browser sends nothing by itself; where each cookie that is set is `samesite="lax"` or "strict" and nothing else identifies a user (no session middleware); and in examples and tools.

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
from strop.rules.aside import is_aside
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks

RULE = Rule("SEC011", "cors-wildcard", "security", "error", "Any origin with the user's cookies", static=True)
WORDS = ("CORSMiddleware", "cookies", "set_cookie", "CookieTransport")
KINDS = ("function", "module", "class")
_SENT = ("APIKeyCookie", "HTTPBasic", "HTTPDigest")  # what a browser sends by itself
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
    routes = [r.key for r in project.imported.routes if r.kind == "http"]
    cookies = _has_cookies(project)
    for mark in marks(project, RULE):
        yield draft(
            RULE,
            mark.span,
            routes,
            message='CORSMiddleware allows every origin ("*") with credentials',
            impact="any site that a user visits can call the API with the user's cookies and read what it answers",
            solution="name the origins, or set allow_credentials=False where no cookie identifies users",
            known="static",
            confidence=0.95,
            severity=None if cookies and not is_aside(mark.span.file) else "note",
        )


def _has_cookies(project: Project) -> bool:
    """Whether anything may identify a user by what a browser sends by itself."""
    cookies = list(marks(project, RULE, "cookie"))
    if any(mark.fact("sent") for mark in cookies):
        return True
    stay = any(mark.fact("sets") for mark in cookies)
    if cookies and not stay:
        return True  # read here, set by somebody else
    if any("session" in m.name.rpartition(":")[2].lower() for m in project.imported.middleware):
        return True
    return any(
        (not stay and any(p.place == "cookie" for p in route.parameters))
        or any(d.scheme.endswith(_SENT if not stay else _SENT[1:]) for d in route.dependencies)
        for route in project.imported.routes
    )


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
)
