"""A middleware does for every request what a route does again, or what few routes need.

**What.** A layer around the application executes statements, or verifies the token that a dependency of the routes
verifies once more.

**Why it costs.** Each request pays: health checks, static files and refused requests too. A session that is opened in a
middleware holds a connection during the whole request; a token that is verified twice is decoded, looked up and
logged twice, and the two places drift apart.

**How it is found.** What the layer's function calls, at any depth: statements of a database; and a function that decodes
tokens (`jwt.decode` and its kind) and that dependencies of routes call as well.

**How to fix it.** Do it in a dependency of the routes that need it. Where the layer must know who is calling, keep
what it found in `request.state` and let the dependency take it from there.

**When it is no problem.** A layer that asks a cache first; audit logs that are written after the answer.

**Sources.** FastAPI, "Middleware": https://fastapi.tiangolo.com/tutorial/middleware/ ;
Starlette, "Request.state": https://www.starlette.io/requests/#other-state
"""

from __future__ import annotations

from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.function import Function
from strop.project.project import Project
from strop.project.route import Middleware
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.layers import layers, name_of
from strop.rules.rule import Rule
from strop.rules.sample import plain, shop
from strop.rules.way import way_down
from strop.rules.wording import many
from strop.span import Step

RULE = Rule("MID002", "work-per-request", "middleware", "warning", "Work for every request", static=True)

_DECODES = (
    "jwt.decode",
    "jose.jwt.decode",
    "authlib.jose.jwt.decode",
    "jwt.api_jwt.decode",
    "jwt.PyJWT.decode",
)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each layer and kind of work."""
    functions = project.source.functions.values()
    querying = {
        f.id
        for f in functions
        if any(c.effect and c.effect.kind == "queries" and not c.once for c in f.calls)
    }
    decoding = {f.id for f in functions if any(c.name in _DECODES for c in f.calls)}
    asked = _called_by_dependencies(project) if decoding else set()
    routes = {r.key for r in project.imported.routes if r.kind == "http"}
    for middleware, function in layers(project):
        again = way_down(project, function.id, decoding)
        if again is not None and (again[0] in asked):
            message = f"{name_of(middleware)} verifies the token of each request, and dependencies of routes verify it again in {_short(again[0])}"
            solution = "keep the claims in request.state and let the dependency take them from there"
            yield _finding(middleware, function, routes, again[1], message, solution, 0.8)
        lower = way_down(project, function.id, querying)
        if lower is not None:
            message = f"{name_of(middleware)} executes statements for each request of {many(len(routes), 'route')}, in {_short(lower[0])}"
            solution = "do it in a dependency of the routes that need it, or keep what it finds for a while"
            yield _finding(middleware, function, routes, lower[1], message, solution, 0.65)


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
    middleware: Middleware,
    function: Function,
    routes: set[str],
    below: tuple[Step, ...],
    message: str,
    solution: str,
    confidence: float,
) -> Finding:
    place = below[0].span if below else function.span
    return draft(
        RULE,
        place,
        routes,
        message=message,
        impact="every request pays for it, those that need it and those that don't",
        solution=solution,
        known="static",
        confidence=confidence,
        chain=(Step(f"middleware {name_of(middleware)}", function.span), *below),
        facts={"middleware": middleware.name},
    )


_TOKENS = """
import jwt
from starlette.middleware.base import BaseHTTPMiddleware


def verify(token: str):
    return jwt.decode(token, "a key of the tests", algorithms=["HS256"])


"""

EXAMPLES = (
    Example(
        "a token that is verified twice",
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
        mends="a token that is verified twice",
    ),
)
