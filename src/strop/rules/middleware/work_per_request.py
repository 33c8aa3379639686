"""A middleware does for every request what a route does again, or what few routes need.

**What.** A layer around the application executes statements, or verifies the token that a dependency of the routes
verifies once more.

**Why it costs.** Each request pays: health checks, static files and refused requests too. A session that is opened in a
middleware holds a connection during the whole request; a token that is verified twice is decoded, looked up and
logged twice, and the two places drift apart.

**How it is found.** What the layer's function calls, at any depth: statements of a database, before any return and
outside of any branch (a thread that is started behind a question about time or length is one that most requests do not
start); and a function that decodes tokens (`jwt.decode` and its kind) and that dependencies of routes call as well.

**How to fix it.** Do it in a dependency of the routes that need it. Where the layer must know who is calling, keep
what it found in `request.state` and let the dependency take it from there.

A token that is verified twice by a key that lies at hand is a note: it costs microseconds. It is a warning where the verification asks a database or another
service, or blocks.

**When it is no problem.** A layer that asks a cache first; audit logs that are written after the answer.

**Sources.** FastAPI, "Middleware": https://fastapi.tiangolo.com/tutorial/middleware/ ;
Starlette, "Request.state": https://www.starlette.io/requests/#other-state
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping

from msgspec import Struct

from strop.evidence import Evidence
from strop.finding import Finding, Severity
from strop.project.body import Body
from strop.project.function import Function
from strop.project.functions import library
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.route import Middleware
from strop.project.spelling import last_name
from strop.project.walk import walk
from strop.rules.code import function_at
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.layers import layers, name_of
from strop.rules.rule import Rule
from strop.rules.sample import plain, shop
from strop.rules.way import way_down
from strop.rules.wording import listed, many
from strop.span import Span, Step

WORDS = ("call_next", "receive", "Thread", "submit", "to_thread", "run_in_executor", "run_in_threadpool")

RULE = Rule("MID002", "work-per-request", "middleware", "warning", "Work for every request", static=True)

_WAITS = ("queries", "calls", "blocks")
_MEASURES = frozenset(
    {"len", "qsize", "total_seconds", "timedelta", "time", "monotonic", "perf_counter", "now", "utcnow"}
)
_NEAR = 2  # calls between the layer and a statement
_DECODES = (
    "jwt.decode",
    "jose.jwt.decode",
    "authlib.jose.jwt.decode",
    "jwt.api_jwt.decode",
    "jwt.PyJWT.decode",
)


def notice(body: Body) -> Iterator[Mark]:
    """From which line on a layer no longer sees every request, which lines lie in a branch, and in one about time."""
    returns = [node.lineno for node in body.of(ast.Return)]
    branches = [f"{node.lineno}-{node.end_lineno}" for node in body.of(ast.If)]
    rare = [
        f"{node.lineno}-{node.body[-1].end_lineno}" for node in body.of(ast.If) if _is_rare(body, node.test)
    ]
    yield body.mark(
        RULE.code,
        body.node,
        leaves=str(min(returns, default=1 << 30)),
        branches=",".join(branches),
        rare=",".join(rare),
    )


def _is_rare(body: Body, test: ast.expr) -> bool:
    """Whether a test asks how long ago something was, or how many have been gathered."""
    if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And):
        return any(_is_rare(body, value) for value in test.values)
    if not isinstance(test, ast.Compare) or not isinstance(test.ops[0], ast.Gt | ast.GtE | ast.Lt | ast.LtE):
        return False
    parts = [part for part in walk(test) if isinstance(part, ast.Name | ast.Call)]
    values = [body.value(part) if isinstance(part, ast.Name) else part for part in parts]
    return any(isinstance(value, ast.Call) and last_name(value.func) in _MEASURES for value in values)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for a check of tokens that is done again, one for each layer with statements."""
    functions = project.source.functions
    querying = {
        f.id
        for f in functions.doing("queries")
        if any(c.effect and c.effect.kind == "queries" and not c.once for c in f.calls)
    }
    waiting = {f.id for f in functions.doing(*sorted(_WAITS))}
    decoding = {
        f.id
        for f in functions.doing(*sorted({library(name) for name in _DECODES}))
        if any(c.name in _DECODES for c in f.calls)
    }
    asked = _called_by_dependencies(project) if decoding else set()
    routes = {r.key for r in project.imported.routes if r.kind == "http"}
    marks = {m.function: m for m in project.source.marks.get(RULE.code, ())}
    twice: dict[str, list[_Work]] = defaultdict(list)
    for middleware, function in layers(project):
        again = way_down(project, function.id, decoding & asked)
        if again is not None:
            twice[again[0]].append(_Work(middleware, function, again[1]))
        lower = way_down(project, function.id, querying)
        always = lower is not None and _is_always(marks.get(function.id), lower[1])
        if (
            lower is not None
            and always
            and len(lower[1]) <= _NEAR
            and not _is_aside(project, marks, lower[1])
        ):
            message = f"{name_of(middleware)} executes statements for each request of {many(len(routes), 'route')}, in {_short(lower[0])}"
            solution = "do it in a dependency of the routes that need it, or keep what it finds for a while"
            yield _finding(_Work(middleware, function, lower[1]), routes, message, solution, 0.7)
    for verify, works in sorted(twice.items()):
        first = min(works, key=lambda w: len(w.below))
        verbs = ("verifies", "verify") if len(works) == 1 else ("verify", "verify")
        message = f"{listed([name_of(w.middleware) for w in works])} {verbs[0]} the token of each request, and dependencies of routes {verbs[1]} it again in {_short(verify)}"
        solution = "keep the claims in request.state and let the dependency take them from there"
        dear = way_down(project, verify, waiting) is not None
        yield _finding(first, routes, message, solution, 0.8, None if dear else "note")


class _Work(Struct, frozen=True):
    """A layer, its function, and the calls that lead to the work."""

    middleware: Middleware
    function: Function
    below: tuple[Step, ...]


def _is_always(mark: Mark | None, below: tuple[Step, ...]) -> bool:
    """Whether the layer comes to the call for every request: before its first return and outside of its branches."""
    if mark is None or not below:
        return mark is not None
    line = below[0].span.line
    ranges = [part.split("-") for part in mark.fact("branches").split(",") if part]
    return line < int(mark.fact("leaves")) and not any(
        int(first) < line <= int(last) for first, last in ranges
    )


def _is_aside(project: Project, marks: Mapping[str, Mark], below: tuple[Step, ...]) -> bool:
    """Whether a way leads through a thread that is started behind a question about time or length."""
    for step in below:
        function = function_at(project, step.span)
        mark = marks.get(function.id) if function is not None else None
        if function is None or mark is None:
            continue
        ranges = [part.split("-") for part in mark.fact("rare").split(",") if part]
        rare = any(int(first) < step.span.line <= int(last) for first, last in ranges)
        if rare and any(c.off_loop and c.span == step.span for c in function.calls):
            return True
    return False


def _called_by_dependencies(project: Project) -> set[str]:
    """What dependencies of routes call, at any depth."""
    starts = {
        f"{d.span.file}:{d.name.partition(':')[2]}"
        for r in project.imported.routes
        for d in r.dependencies
        if d.span
    }
    seen, waiting = set(starts), list(starts)
    while waiting:
        function = project.source.functions.get(waiting.pop())
        for call in function.calls if function is not None else ():
            if call.target and call.target not in seen:
                seen.add(call.target)
                waiting.append(call.target)
    return seen


def _short(function: str) -> str:
    return function.partition(":")[2]


def _finding(
    work: _Work,
    routes: set[str],
    message: str,
    solution: str,
    confidence: float,
    severity: Severity | None = None,
) -> Finding:
    place = work.below[0].span if work.below else work.function.span
    return draft(
        RULE,
        Span(place.file, place.line, work.function.span.symbol),
        routes,
        message=message,
        impact="every request pays for it, those that need it and those that don't",
        solution=solution,
        known="static",
        confidence=confidence,
        chain=(Step(f"middleware {name_of(work.middleware)}", work.function.span), *work.below),
        facts={"middleware": work.middleware.name},
        severity=severity,
    )


_TOKENS = """
import jwt
from starlette.middleware.base import BaseHTTPMiddleware


def verify(token: str):
    return jwt.decode(token, "a key of the tests", algorithms=["HS256"])


"""

_GATHERED = """
import threading
from datetime import datetime

from sqlalchemy import insert
from starlette.middleware.base import BaseHTTPMiddleware

gathered = []
last = datetime.now()


def write(names):
    with Session(engine) as session:
        session.execute(insert(Customer), [{"name": name} for name in names])
        session.commit()


def note(name):
    global gathered, last
    gathered.append(name)
    now = datetime.now()
    if %s:
        threading.Thread(target=write, args=(gathered,)).start()
        gathered, last = [], now


class NotesMiddleware(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        response = await call_next(request)
        note(request.url.path)
        return response


app.add_middleware(NotesMiddleware)


@app.get("/alive")
async def alive():
    return "ok"
"""

EXAMPLES = (
    Example(
        "a token that is verified twice: a note",
        plain(
            _TOKENS
            + """
class ScopeMiddleware(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        request.state.scopes = verify(request.headers["authorization"])["scopes"]
        return await call_next(request)


app.add_middleware(ScopeMiddleware)


def claims(authorization: str):
    return verify(authorization)


@app.get("/me")
async def me(user=Depends(claims)):
    return user
"""
        ),
        bad=True,
    ),
    Example(
        "a statement for each request",
        shop("""
from starlette.middleware.base import BaseHTTPMiddleware


class CustomerMiddleware(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        with Session(engine) as session:
            request.state.customer = session.scalar(select(Customer).where(Customer.id == 1))
        return await call_next(request)


app.add_middleware(CustomerMiddleware)


@app.get("/alive")
async def alive():
    return "ok"
"""),
        bad=True,
    ),
    Example(
        "the dependency takes what the layer found",
        plain(
            _TOKENS
            + """
from fastapi import Request


class ScopeMiddleware(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        request.state.claims = verify(request.headers["authorization"])
        return await call_next(request)


app.add_middleware(ScopeMiddleware)


def claims(request: Request):
    return request.state.claims


@app.get("/me")
async def me(user=Depends(claims)):
    return user
"""
        ),
        bad=False,
        mends="a token that is verified twice: a note",
    ),
    Example(
        "a token whose key is fetched, twice",
        plain(
            _TOKENS.replace(
                'return jwt.decode(token, "a key of the tests", algorithms=["HS256"])',
                'key = httpx.get("https://login.example/key").text\n    return jwt.decode(token, key, algorithms=["RS256"])',
            ).replace("import jwt", "import httpx\nimport jwt")
            + """
class ScopeMiddleware(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        request.state.scopes = verify(request.headers["authorization"])["scopes"]
        return await call_next(request)


app.add_middleware(ScopeMiddleware)


def claims(authorization: str):
    return verify(authorization)


@app.get("/me")
async def me(user=Depends(claims)):
    return user
"""
        ),
        bad=True,
    ),
    Example("a thread for each request", shop(_GATHERED % "name"), bad=True),
    Example(
        "a thread once a minute that writes what was gathered",
        shop(_GATHERED % "(now - last).total_seconds() > 60.0"),
    ),
    Example("a thread for each hundred requests", shop(_GATHERED % "gathered and len(gathered) >= 100")),
)
