"""A middleware raises HTTPException, which nobody answers there.

**What.** `raise HTTPException(401)` in `dispatch`, in `__call__` or in an `@app.middleware("http")` function, or in what these call.

**Why it costs.** FastAPI's exception handlers sit inside of the middleware: they see what routes raise, not what is raised around them. The
client gets 500 without a body (and without CORS headers), the log a traceback for each refused request.

**How it is found.** HTTP errors that leave a middleware's method or function, of its own or of a function that it calls, and that it does
not catch.

**How to fix it.** `return JSONResponse({"detail": ...}, status_code=401)` in the middleware, or a dependency in place of it.

**When it is no problem.** A raise inside the middleware's own `try` that makes a response of it.

**Sources.** Starlette, "Exceptions", "Errors and handled exceptions": https://www.starlette.dev/exceptions/ ;
https://github.com/fastapi/fastapi/issues/4402
"""

from __future__ import annotations

from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.asked import identifier
from strop.project.function import Function
from strop.project.identify import Identifier
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.route import Middleware
from strop.project.shared import shared
from strop.rules.example import Example
from strop.rules.raised import CAUGHT, RAISED
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import tell, ways_to

RULE = Rule(
    "ERR014", "error-in-middleware", "errors", "error", "HTTPException raised in a middleware", static=True
)
_METHODS = ("dispatch", "__call__")


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each place that raises."""
    finder = shared(project, identifier)
    raised: dict[str, list[Mark]] = {}
    for mark in project.source.marks.get(RAISED, ()):
        if mark.fact("status") == "500":
            continue  # what the client gets anyway
        raised.setdefault(mark.function, []).append(mark)
    told: set[str] = set()
    for middleware in project.imported.middleware:
        for function in _functions(finder, middleware):
            for mark, by in _leaving(project, function, raised):
                if mark.function not in told:
                    told.add(mark.function)
                    yield _finding(project, mark, middleware, by)


def _functions(finder: Identifier, middleware: Middleware) -> list[Function]:
    """What runs around each request."""
    owner = finder.class_(middleware.name)
    found = (
        [finder.method(owner, name) for name in _METHODS]
        if owner is not None
        else [finder.function(middleware.name, middleware.span)]
    )
    return [function for function in found if function is not None]


def _leaving(
    project: Project, function: Function, raised: dict[str, list[Mark]]
) -> Iterator[tuple[Mark, str]]:
    """The first error of the function itself, and of each function that it calls outside of a `try`."""
    if raised.get(function.id):
        yield raised[function.id][0], ""
    caught = [
        range(int(m.fact("first")), int(m.fact("last")) + 1)
        for m in project.source.marks.get(CAUGHT, ())
        if m.function == function.id
    ]
    for call in function.calls:
        if (
            call.target in raised
            and call.target != function.id
            and not any(call.span.line in r for r in caught)
        ):
            yield raised[call.target][0], call.text


def _finding(project: Project, mark: Mark, middleware: Middleware, by: str) -> Finding:
    name = middleware.name.rpartition(":")[2]
    status = mark.fact("status")
    through = f", called as {by}" if by else ""
    return tell(
        RULE,
        mark,
        ways_to(project, mark.function)[:50],
        message=f"HTTPException{f' {status}' if status and status != '0' else ''} leaves the middleware {name}{through}",
        impact="no handler sees it there: the client gets 500 without a body",
        solution="return a JSONResponse from the middleware, or make it a dependency",
        confidence=0.9 if not by else 0.75,
        middleware=name,
    )


_GUARD = """
from fastapi import Request
from fastapi.responses import JSONResponse


@app.middleware("http")
async def guard(request: Request, call_next):
    if "x-key" not in request.headers:
        {refuse}
    return await call_next(request)


@app.get("/words")
def words():
    return []
"""

EXAMPLES = (
    Example("raised", plain(_GUARD.format(refuse='raise HTTPException(401, "Key missing")')), bad=True),
    Example(
        "answered",
        plain(_GUARD.format(refuse='return JSONResponse({"detail": "Key missing"}, 401)')),
        mends="raised",
    ),
    Example(
        "made an answer by the middleware itself",
        plain("""
from fastapi import Request
from fastapi.responses import JSONResponse


def require_key(request: Request) -> None:
    if "x-key" not in request.headers:
        raise HTTPException(401)


@app.middleware("http")
async def guard(request: Request, call_next):
    try:
        require_key(request)
    except HTTPException as e:
        return JSONResponse({"detail": e.detail}, e.status_code)
    return await call_next(request)


@app.get("/words", dependencies=[Depends(require_key)])
def words():
    return []
"""),
    ),
)
