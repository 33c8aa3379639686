"""A middleware that is a subclass of BaseHTTPMiddleware.

**What.** `BaseHTTPMiddleware` and `@app.middleware("http")` run the application in a task of its own and pass the
answer through a stream in memory.

**Why it costs.** A task group, a stream and several context switches for each request and each such layer, whether
the layer does anything or not. Context variables that are set inside don't come out, and streaming answers
and background tasks behave differently with some versions of Starlette.

**How it is found.** The middleware stack of the imported application.

**How to fix it.** A pure ASGI middleware: a class with `async def __call__(self, scope, receive, send)`
that wraps `send` to change headers. It is written by hand, since what the layer does must be kept.

**When it is no problem.** An application whose requests all take tens of milliseconds won't feel it. Pure ASGI
middleware is not reported.

**Sources.** Starlette, "Middleware", section "Limitations" of BaseHTTPMiddleware:
https://www.starlette.io/middleware/ ; https://github.com/Kludex/starlette/issues/1678
"""

from __future__ import annotations

from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.project import Project
from strop.rules.draft import draft
from strop.rules.example import Example, get
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.wording import many

RULE = Rule("MID001", "base-http-middleware", "middleware", "note", "BaseHTTPMiddleware")


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each such layer of the application's own."""
    routes = {r.key for r in project.imported.routes if r.kind == "http"}
    for middleware in project.imported.middleware:
        if not middleware.base_http or middleware.span is None:
            continue
        name = middleware.name.rpartition(":")[2]
        yield draft(
            RULE,
            middleware.span,
            routes,
            message=f"{name} is a BaseHTTPMiddleware",
            impact=f"a task group and a stream in memory for each request of {many(len(routes), 'route')}",
            solution="a pure ASGI middleware that wraps send",
            known="static",
            confidence=0.9,
            facts={"middleware": middleware.name},
        )


EXAMPLES = (
    Example(
        "a header, by dispatch",
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
