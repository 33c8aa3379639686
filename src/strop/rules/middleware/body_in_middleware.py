"""A middleware reads the body of every request.

**What.** `await request.body()`, `json()` or `form()` in a middleware, for requests of all routes.

**Why it costs.** The whole body is in memory before the route is known: uploads, large imports, requests that are refused
afterwards. Limits and streaming of the routes are without effect. With Starlette before 0.28 the route then waited for
ever for a body that was already read.

**How it is found.** Such a call in a layer of the project without a condition around it and without a `return` before it
that lets other requests pass.

**How to fix it.** Read it in the route or a dependency; in the layer look at headers, or only at the paths and sizes that
it is for.

**When it is no problem.** A layer that checks `content-length`, the method or the path first.

**Sources.** Starlette, "Limitations" of BaseHTTPMiddleware: https://www.starlette.io/middleware/#limitations ;
https://github.com/Kludex/starlette/pull/1692
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.layers import layers, name_of
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.versions import before
from strop.span import Step

RULE = Rule("MID004", "body-in-middleware", "middleware", "warning", "A layer reads every body", static=True)
WORDS = ("call_next",)

_READS = frozenset({"body", "json", "form"})


def notice(body: Body) -> Iterator[Mark]:
    """Reads of the whole body that nothing restricts."""
    for call in body.calls(*_READS):
        func = call.func
        if (
            not isinstance(func, ast.Attribute)
            or call.args
            or not body.is_awaited(call)
            or not _is_request(body, func)
        ):
            continue
        if body.within(call, ast.If) is None and not _leaves_before(body, call.lineno):
            yield body.mark(RULE.code, call, reads=body.text(call))


def _is_request(body: Body, func: ast.Attribute) -> bool:
    return body.instance(func.value).endswith("Request") or (
        isinstance(func.value, ast.Name) and func.value.id == "request"
    )


def _leaves_before(body: Body, line: int) -> bool:
    return any(r.lineno < line for r in body.of(ast.Return))


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each layer."""
    reading = {m.function: m for m in project.source.marks.get(RULE.code, ())}
    hangs = before(project, "starlette", "0.28")
    for middleware, function in layers(project):
        mark = reading.get(function.id)
        if mark is None:
            continue
        routes = {r.key for r in project.imported.routes if r.kind == "http"}
        yield draft(
            RULE,
            mark.span,
            routes,
            message=f"{name_of(middleware)} reads the whole body of every request: {mark.fact('reads')}",
            impact="the route then waits for a body that is gone"
            if hangs
            else "uploads and refused requests are held in memory; limits and streaming of routes have no effect",
            solution="look at headers, path and size first, or read it in a dependency of the routes that need it",
            known="static",
            confidence=0.8,
            chain=(
                Step(f"middleware {name_of(middleware)}", function.span),
                Step(mark.fact("reads"), mark.span),
            ),
            severity="error" if hangs else None,
        )


EXAMPLES = (
    Example(
        "every body is logged",
        plain("""
@app.middleware("http")
async def log(request, call_next):
    content = await request.body()
    print(len(content))
    return await call_next(request)
"""),
        bad=True,
    ),
    Example(
        "small ones alone",
        plain("""
@app.middleware("http")
async def log(request, call_next):
    if int(request.headers.get("content-length", "0")) < 1000:
        print(len(await request.body()))
    return await call_next(request)
"""),
        bad=False,
        mends="every body is logged",
    ),
    Example(
        "others pass before",
        plain("""
@app.middleware("http")
async def verify_webhook(request, call_next):
    if not request.url.path.startswith("/webhooks"):
        return await call_next(request)
    request.state.content = await request.body()
    return await call_next(request)
"""),
        bad=False,
    ),
)
