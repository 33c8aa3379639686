"""Answers of an outer layer have no CORS headers.

**What.** `CORSMiddleware` lies inside a middleware that answers by itself: one that refuses requests without a token, or
limits their rate.

**Why it costs.** The browser gets the 401 or 429 without CORS headers and hides it from the page: users see "network
error", developers look for a mistake in CORS. Preflight requests carry no token, so such a layer may refuse all of them.

**How it is found.** The order of the layers: what is added last is outermost. A layer of the project outside of
`CORSMiddleware` that makes a response of its own.

Where it never answers 401 or 429 it is a note: nobody needs those headers for a request that was too long.

**How to fix it.** Add `CORSMiddleware` last.

**When it is no problem.** An API that no browser of another origin calls; a layer that sets these headers itself.

**Sources.** Starlette, "CORSMiddleware": https://www.starlette.io/middleware/#corsmiddleware-global-enforcement ;
https://github.com/fastapi/fastapi/issues/1663
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.regex import regex
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.layers import layer, name_of
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.wording import listed
from strop.span import Span, Step

RULE = Rule("MID003", "cors-inside", "middleware", "warning", "Refusals without CORS headers", static=True)
WORDS = ("call_next", "receive")

_REFUSES = regex(r"\b(401|429)|UNAUTHORIZED|TOO_MANY")  # what clients meet in daily work
_RESPONSES = ("Response", "JSONResponse", "PlainTextResponse", "ORJSONResponse", "HTMLResponse")


def notice(body: Body) -> Iterator[Mark]:
    """Layers that answer by themselves, when they say nothing of CORS."""
    if any("access-control" in line.lower() for line in body.lines):
        return
    refuses = any(_REFUSES.search(line) for line in body.lines)
    for node in body.of(ast.Return):
        value = node.value
        if isinstance(value, ast.Call) and body.name(value.func).rpartition(".")[2] in _RESPONSES:
            yield body.mark(RULE.code, node, answers=body.brief(value, 60), refuses=refuses)
            return
    for call in body.calls(*_RESPONSES):
        parent = body.parent(call)
        direct = (
            isinstance(parent, ast.Call) and parent.func is call
        )  # await Response(...)(scope, receive, send)
        if direct or ("receive" in body.words and isinstance(parent, ast.Assign)):
            yield body.mark(RULE.code, call, answers=body.brief(call, 60), refuses=refuses)
            return


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for the CORS middleware of each application."""
    for application in dict.fromkeys((m.application, m.mounted) for m in project.imported.middleware):
        yield from _inside(project, application)


def _inside(project: Project, application: tuple[str, str]) -> Iterator[Finding]:
    stack = [m for m in project.imported.middleware if (m.application, m.mounted) == application]
    places = [place for place, each in enumerate(stack) if each.name.endswith("CORSMiddleware")]
    if not places or stack[places[0]].added is None:
        return
    cors = stack[places[0]]
    answering = {m.function: m for m in project.source.marks.get(RULE.code, ())}
    outer = [
        (m, answering[f.id])
        for m in stack[: places[0]]
        if (f := layer(project, m)) is not None and f.id in answering
    ]
    if not outer:
        return
    names = [name_of(m) for m, _ in outer]
    assert cors.added is not None
    yield draft(
        RULE,
        Span(cors.added.file, cors.added.line, cors.added.symbol),
        {r.key for r in project.imported.routes if r.kind == "http" and cors.is_around(r)},
        message=f"CORSMiddleware lies inside {listed(names)}, which can answer by {'itself' if len(names) == 1 else 'themselves'}",
        impact="browsers hide these answers from the page: a refusal looks like a network error, and preflight requests may be refused",
        solution="add CORSMiddleware last, which makes it the outermost layer",
        known="static",
        confidence=0.75,
        chain=tuple(Step(mark.fact("answers"), mark.span) for _, mark in outer[:3]),
        severity=None if any(mark.fact("refuses") for _, mark in outer) else "note",
    )


_TOKEN = """
from fastapi.middleware.cors import CORSMiddleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.responses import JSONResponse


class TokenMiddleware(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        if "authorization" not in request.headers:
            return JSONResponse({"detail": "who are you?"}, status_code=401)
        return await call_next(request)


"""
_CORS = 'app.add_middleware(CORSMiddleware, allow_origins=["https://shop.example"])\n'
_LAYER = "app.add_middleware(TokenMiddleware)\n"

EXAMPLES = (
    Example("refusals outside", plain(_TOKEN + _CORS + _LAYER), bad=True),
    Example("CORS outermost", plain(_TOKEN + _LAYER + _CORS), bad=False, mends="refusals outside"),
    Example(
        "an outer layer that always goes on",
        plain("""
from fastapi.middleware.cors import CORSMiddleware

app.add_middleware(CORSMiddleware, allow_origins=["https://shop.example"])


@app.middleware("http")
async def count(request, call_next):
    response = await call_next(request)
    response.headers["x-count"] = "1"
    return response
"""),
        bad=False,
    ),
)
