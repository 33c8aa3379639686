"""A session cookie can be read by scripts, or travels without TLS.

**What.** A cookie that identifies a user is set without `httponly` or `secure`, or the session middleware has
`https_only` off.

**Why it costs.** Without `httponly` one injected script takes every session with it; without `secure` one request over
plain HTTP shows the cookie to the network.

**How it is found.** `set_cookie` calls whose key says session, token or auth; `SessionMiddleware` (and classes named like
it) with `https_only` that is False or left out, where the project writes `request.session`. A value that comes from settings is left alone,
and a cookie with a fixed value. A note where the other branch of an `if` adds the middleware with `https_only`. Cookies that miss the same flags are one finding.

**How to fix it.** `response.set_cookie(key, value, httponly=True, secure=True, samesite="lax")`;
`SessionMiddleware(..., https_only=True)`, from a setting where development has no TLS.

**When it is no problem.** The cookie is a CSRF token that scripts must read; the service is never behind TLS.

**Sources.** https://www.starlette.io/middleware/#sessionmiddleware ;
https://cheatsheetseries.owasp.org/cheatsheets/Session_Management_Cheat_Sheet.html
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.function import Reach
from strop.project.mark import Mark
from strop.project.project import Project
from strop.regex import regex
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks

RULE = Rule(
    "AUTH013", "bare-session-cookie", "auth", "warning", "A session cookie without its flags", static=True
)
WORDS = ("set_cookie", "SessionMiddleware", "https_only", "session")
KINDS = ("function", "module", "class")
_SESSION = regex(r"session|token|auth|jwt|refresh|remember", re.IGNORECASE)
_READABLE = regex(r"csrf|xsrf", re.IGNORECASE)


def notice(body: Body) -> Iterator[Mark]:
    """Cookies and session middleware without their flags."""
    for call in body.calls("set_cookie"):
        given = {k.arg: k.value for k in call.keywords}
        key = call.args[0] if call.args else given.get("key")
        if None in given or key is None:
            continue
        name = str(body.constant(key) or body.text(key))
        missing = [flag for flag in ("httponly", "secure") if _is_off(body, given, flag)]
        if (
            missing
            and _SESSION.search(name)
            and not _READABLE.search(name)
            and not _tells_nothing(body, call, given)
        ):
            yield body.mark(RULE.code, call, name=name, missing=" and ".join(missing))
    for item in body.of(ast.Subscript):
        if isinstance(item.ctx, ast.Store) and _is_session(item.value):
            yield body.mark(RULE.code, item, kind="written")
    for call in body.calls("update", "setdefault"):
        if isinstance(call.func, ast.Attribute) and _is_session(call.func.value):
            yield body.mark(RULE.code, call, kind="written")
    for call in body.calls("add_middleware", "Middleware", "SessionMiddleware"):
        given = {k.arg: k.value for k in call.keywords}
        names = [body.text(a).rpartition(".")[2] for a in (*call.args[:1], call.func)]
        middleware = next((n for n in names if n.endswith("SessionMiddleware")), "")
        if (
            middleware
            and None not in given
            and _is_off(body, given, "https_only", middleware == "SessionMiddleware")
        ):
            chosen = _is_set_otherwise(body, call)
            yield body.mark(RULE.code, call, name=middleware, missing="https_only", chosen=chosen)


def _is_set_otherwise(body: Body, call: ast.Call) -> bool:
    """Whether the other branch of the `if` around it adds the middleware with the flag: who starts the service decides."""
    for each in body.around(call):
        if isinstance(each, ast.If):
            other = each.orelse if any(call in ast.walk(s) for s in each.body) else each.body
            calls = (n for statement in other for n in ast.walk(statement) if isinstance(n, ast.Call))
            if any(_sets_it(body, n) for n in calls):
                return True
    return False


def _sets_it(body: Body, call: ast.Call) -> bool:
    """Whether a call adds a session middleware with `https_only`."""
    names = [body.text(a).rpartition(".")[2] for a in (*call.args[:1], call.func)]
    flag = next((k.value for k in call.keywords if k.arg == "https_only"), None)
    is_session = any(n.endswith("SessionMiddleware") for n in names)
    return is_session and flag is not None and body.constant(flag) is not False


def _is_session(expr: ast.expr) -> bool:
    """Whether an expression is `request.session`, which the middleware puts into the cookie."""
    match expr:
        case ast.Attribute(attr="session", value=ast.Name(id="request" | "req" | "websocket" | "conn")):
            return True
    return False


def _is_off(body: Body, given: dict[str | None, ast.expr], flag: str, unless_given: bool = True) -> bool:
    return body.constant(given[flag]) is False if flag in given else unless_given


def _tells_nothing(body: Body, call: ast.Call, given: dict[str | None, ast.expr]) -> bool:
    """A cookie that is set in order to end, or the same for all: it identifies nobody."""
    value = call.args[1] if len(call.args) > 1 else given.get("value")
    return body.constant(given.get("max_age")) == 0 or isinstance(value, ast.Constant)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each middleware, and one for all cookies that miss the same flags."""
    written = any(True for _ in marks(project, RULE, "written"))
    cookies: dict[str, list[Mark]] = {}
    for mark in marks(project, RULE):
        missing = mark.fact("missing")
        if missing == "https_only":
            if written:
                yield _finding(project, [mark], f"{mark.fact('name')} is set without https_only")
        elif _ways(project, mark):
            cookies.setdefault(missing, []).append(mark)
    for missing, found in cookies.items():
        names = list(dict.fromkeys(m.fact("name") for m in found))
        which = f"the cookie {names[0]} is" if len(names) == 1 else f"the cookies {', '.join(names)} are"
        yield _finding(project, found, f"{which} set without {missing}")


def _ways(project: Project, mark: Mark) -> list[Reach]:
    return [w for w in project.reaches.get(mark.function, ()) if w.route]


def _finding(project: Project, found: list[Mark], message: str) -> Finding:
    first, missing = found[0], found[0].fact("missing")
    ways = [way for mark in found for way in _ways(project, mark)]
    middleware = missing == "https_only"
    return draft(
        RULE,
        first.span,
        (w.route for w in ways),
        message=message,
        impact="a script that gets into a page reads it"
        if missing == "httponly"
        else "a request over plain HTTP shows it to the network",
        solution="https_only=True"
        if middleware
        else f"set {missing} to True, from a setting where development has no TLS",
        known="static",
        confidence=0.8,
        chain=ways[0].chain if ways else (),
        places=[mark.span for mark in found[1:]],
        severity="note" if first.fact("chosen") else None,
    )


EXAMPLES = (
    Example(
        "a mark for the page that there is a session",
        plain("""
from fastapi import Response


@app.post("/login")
def login(response: Response):
    response.set_cookie("session_is_on", "true", max_age=3600)
"""),
        bad=False,
    ),
    Example(
        "a session that scripts can read",
        plain("""
from fastapi import Response


@app.post("/login")
def login(name: str, response: Response):
    response.set_cookie("session_id", name)
    return {"ok": True}
"""),
        bad=True,
    ),
    Example(
        "a session with its flags",
        plain("""
from fastapi import Response


@app.post("/login")
def login(name: str, response: Response):
    response.set_cookie("session_id", name, httponly=True, secure=True, samesite="lax")
    return {"ok": True}
"""),
        bad=False,
        mends="a session that scripts can read",
    ),
    Example(
        "a middleware for sessions without TLS",
        plain("""
from fastapi import Request
from starlette.middleware.sessions import SessionMiddleware

app.add_middleware(SessionMiddleware, secret_key=Path("/run/secrets/key").read_text(), https_only=False)


@app.post("/login")
def login(name: str, request: Request):
    request.session["user"] = name
    return {"ok": True}
"""),
        bad=True,
    ),
    Example(
        "without TLS where a setting says so: a note",
        plain("""
import os

from fastapi import Request
from starlette.middleware.sessions import SessionMiddleware

KEY = Path("/run/secrets/key").read_text()
if os.environ.get("HOSTED") == "1":
    app.add_middleware(SessionMiddleware, secret_key=KEY, https_only=True)
else:
    app.add_middleware(SessionMiddleware, secret_key=KEY)


@app.post("/login")
def login(name: str, request: Request):
    request.session["user"] = name
    return {"ok": True}
"""),
        bad=True,
    ),
    Example(
        "a mark that somebody is logged in, which pages read",
        plain("""
from fastapi import Response


@app.post("/login")
def login(name: str, response: Response):
    response.set_cookie("is_authorized", value="true")
    return {"ok": True}
"""),
        bad=False,
    ),
    Example(
        "a theme, and flags from the settings",
        plain("""
import os

from fastapi import Response

TLS = os.environ["TLS"] == "1"


@app.post("/login")
def login(name: str, response: Response):
    response.set_cookie("theme", "dark")
    response.set_cookie("session_id", name, httponly=True, secure=TLS)
    return {"ok": True}
"""),
        bad=False,
    ),
)
