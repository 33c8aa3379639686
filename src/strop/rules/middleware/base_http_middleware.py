"""A middleware that is a subclass of BaseHTTPMiddleware.

**What.** `BaseHTTPMiddleware` and `@app.middleware("http")` run the application in a task of its own and pass the
answer through a stream in memory.

**Why it costs.** A task group, a stream and several context switches for each request and each such layer, whether
the layer does anything or not. Context variables that are set inside don't come out, and streaming answers
and background tasks behave differently with some versions of Starlette.

**How it is found.** The middleware stack of the application. Read from the source, all such layers are one finding: a warning where a
layer ends a database session after `await call_next(...)`. An answer is begun then and not through: what streams it and the
background tasks go on with a session that is closed.

**How to fix it.** A pure ASGI middleware: a class with `async def __call__(self, scope, receive, send)`
that wraps `send` to change headers. It is written by hand, since what the layer does must be kept.

**When it is no problem.** An application whose requests all take tens of milliseconds won't feel it. Pure ASGI
middleware is not reported.

**Sources.** Starlette, "Middleware", section "Limitations" of BaseHTTPMiddleware:
https://www.starlette.io/middleware/ ; https://github.com/Kludex/starlette/issues/1678
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.route import Middleware
from strop.project.spelling import last_name
from strop.rules.draft import draft
from strop.rules.example import Example, get
from strop.rules.layers import layer
from strop.rules.rule import Rule
from strop.rules.sample import plain, shop
from strop.rules.sessions import is_session
from strop.rules.told import marks
from strop.rules.way import way_down
from strop.rules.wording import listed, many

RULE = Rule("MID001", "base-http-middleware", "middleware", "note", "BaseHTTPMiddleware")


WORDS = ("ContextVar", "set", "call_next")
_ENDS = ("close", "remove", "aclose")
_CALLED = frozenset({"session", "db", "db_session"})  # where the type can't be told


def notice(body: Body) -> Iterator[Mark]:
    """Where context variables are set: what a layer sets in its own task is not seen outside; and where a session ends."""
    for onward in body.calls("call_next"):
        ended = _ended_after(body, onward)
        if ended:
            yield body.mark(RULE.code, onward, kind="ends", ends=ended)
    for call in body.calls("set"):
        if body.name(call.func) == "contextvars.ContextVar.set":
            yield body.mark(RULE.code, call, sets=body.text(call.func).rpartition(".")[0][:60])


def _ended_after(body: Body, onward: ast.Call) -> str:
    """The database session that a layer ends when the rest has begun to answer: by its `with`, or below."""
    for outer in body.around(onward):
        for item in outer.items if isinstance(outer, ast.With | ast.AsyncWith) else ():
            if isinstance(item.optional_vars, ast.Name) and is_session(body, item.optional_vars):
                return item.optional_vars.id
    last = max(call.lineno for call in body.calls("call_next"))  # what ends before it was for a check
    for call in body.calls(*_ENDS):
        if isinstance(call.func, ast.Attribute) and call.lineno > last:
            owner = call.func.value
            untold = not body.instance(owner) and last_name(owner) in _CALLED
            if is_session(body, owner) or untold:
                return body.text(owner)
    return ""


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each such layer of the application's own; read from the source, one for all of them."""
    routes = {r.key for r in project.imported.routes if r.kind == "http"}
    own = [m for m in project.imported.middleware if m.base_http and m.span is not None]
    if evidence is None:
        yield from _together(project, own, routes)
        return
    for middleware in own:
        yield _finding(middleware, routes, f"{_name(middleware)} is a BaseHTTPMiddleware")


def _together(project: Project, own: list[Middleware], routes: set[str]) -> Iterator[Finding]:
    """The layers are one habit: told at the one that it harms most, one that ends a session or sets context variables."""
    setting = {m.function: m for m in marks(project, RULE)}
    ending = {m.function: m for m in marks(project, RULE, "ends")}
    early = next((m for m in own if (f := layer(project, m)) is not None and f.id in ending), None)
    harmed = [(m, way_down(project, f.id, setting)) for m in own if (f := layer(project, m)) is not None]
    first = early or next((m for m, way in harmed if way is not None), own[0] if own else None)
    if first is None:
        return
    others = [_name(m) for m in own if m is not first]
    message = f"{_name(first)} is a BaseHTTPMiddleware" + (
        f", and so {'is' if len(others) == 1 else 'are'} {listed(others)}" if others else ""
    )
    way = next((way for m, way in harmed if m is first), None)
    if way is not None:
        message += f"; it sets {setting[way[0]].fact('sets')} for the request"
    ends = next((ending[f.id].fact("ends") for m in (early,) if m and (f := layer(project, m))), "")
    if ends:
        message += f"; it ends {ends} when the answer has only begun"
    yield _finding(first, routes, message, len(own), ends)


def _name(middleware: Middleware) -> str:
    return middleware.name.rpartition(":")[2]


def _finding(
    middleware: Middleware, routes: set[str], message: str, layers: int = 1, ends: str = ""
) -> Finding:
    assert middleware.span is not None
    each = (
        "a task group and a stream in memory"
        if layers == 1
        else f"{layers} task groups and streams in memory"
    )
    return draft(
        RULE,
        middleware.span,
        routes,
        message=message,
        impact=f"{each} for each request of {many(len(routes), 'route')}"
        + ("; a streamed answer and background tasks find the session closed" if ends else ""),
        solution="a pure ASGI middleware that wraps send"
        + (", and ends the session when the application has returned" if ends else ""),
        known="static",
        severity="warning" if ends else None,
        confidence=0.9,
        facts={"middleware": middleware.name},
    )


_SESSION = """
from contextvars import ContextVar

from starlette.middleware.base import BaseHTTPMiddleware

current: ContextVar[Session] = ContextVar("current")


class {name}(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        session = Session(engine)
        token = current.set(session)
        try:
            {body}
        finally:
            current.reset(token)


app.add_middleware({name})


@app.get("/orders")
def read_orders():
    return [order.number for order in current.get().scalars(select(Order))]
"""

EXAMPLES = (
    Example(
        "the session of the request ends when the answer begins",
        shop(
            _SESSION.format(
                name="SessionMiddleware",
                body="""response = await call_next(request)
            session.close()
            return response""",
            )
        ),
        bad=True,
    ),
    Example(
        "a context variable is set and put back: a note",
        shop(
            _SESSION.format(name="ContextMiddleware", body="return await call_next(request)").replace(
                "Session(engine)", "str(request.url)"
            )
        ),
        bad=True,
    ),
    Example(
        "a header, by dispatch: a note",
        plain("""
from starlette.middleware.base import BaseHTTPMiddleware


class VersionMiddleware(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        response = await call_next(request)
        response.headers["x-version"] = "1"
        return response


app.add_middleware(VersionMiddleware)


@app.get("/alive")
async def alive():
    return "ok"
"""),
        get("/alive"),
        bad=True,
    ),
    Example(
        "the same as pure ASGI",
        plain("""
from starlette.datastructures import MutableHeaders


class VersionMiddleware:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        async def send_with_version(message):
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["x-version"] = "1"
            await send(message)

        await self.app(scope, receive, send_with_version)


app.add_middleware(VersionMiddleware)


@app.get("/alive")
async def alive():
    return "ok"
"""),
        get("/alive"),
        bad=False,
    ),
)
