"""A stream waits in the compressor.

**What.** `GZipMiddleware` lies around a route that streams events (`text/event-stream`) or lines of JSON, on a Starlette that
compresses streams without flushing them.

**Why it costs.** The compressor keeps what it is given until it has a block of some ten kilobytes. Events of a chat or a progress bar come all at once, at
the end, and a stream that says little says nothing: it looks as if the service hung, and proxies cut it.

**How it is found.** The layer of the application, the responses that functions of its routes make, and the locked version: events are left alone
from Starlette 0.46 on, and each chunk is flushed from 1.5 on. Where the version is not known nothing is said.

Lines of JSON are a note: where they are an export, nobody waits for the first.

**How to fix it.** A newer Starlette; or `Content-Encoding: identity` in the headers of the stream, which the layer then leaves as it is.

**When it is no problem.** Clients that ask for no compression.

**Sources.** https://github.com/encode/starlette/releases/tag/0.46.0 ; https://github.com/encode/starlette/releases/tag/1.5.0
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.function import Reach
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.route import Middleware
from strop.rules.code import reaches
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks
from strop.rules.versions import before
from strop.rules.wording import many
from strop.span import Span, Step

RULE = Rule(
    "MID006", "compressed-stream", "middleware", "warning", "A stream waits in the compressor", static=True
)
WORDS = ("StreamingResponse", "EventSourceResponse")
_EVENTS = "text/event-stream"
_LINES = frozenset({
    "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines", "application/stream+json",
    "application/json-seq", "application/jsonlines",
})  # fmt: skip
_LAYER = "starlette.middleware.gzip:GZipMiddleware"


def notice(body: Body) -> Iterator[Mark]:
    """Responses that stream events or lines, when nothing is said of their encoding."""
    if any("content-encoding" in line.lower() for line in body.lines):
        return
    for call in body.calls(*WORDS):
        kind = _kind(body, call)
        if kind:
            yield body.mark(RULE.code, call, kind=kind, text=body.brief(call, 90))


def _kind(body: Body, call: ast.Call) -> str:
    bases = body.bases(body.name(call.func))
    if "sse_starlette.EventSourceResponse" in bases or "sse_starlette.sse.EventSourceResponse" in bases:
        return "events"
    if not any(base.endswith("responses.StreamingResponse") for base in bases):
        return ""
    given = [k.value for k in call.keywords if k.arg == "media_type"]
    headers = [
        value
        for k in call.keywords
        if k.arg == "headers" and isinstance(k.value, ast.Dict)
        for key, value in zip(k.value.keys, k.value.values, strict=True)
        if str(body.constant(key)).lower() == "content-type"
    ]
    said = {str(body.constant(each)).partition(";")[0].strip() for each in (*given, *headers)}
    return "events" if _EVENTS in said else "lines" if said & _LINES else ""


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each layer, and one for each kind of stream."""
    layers = [m for m in project.imported.middleware if m.name == _LAYER and m.added is not None]
    for kind, holds in (("events", holds_events(project)), ("lines", before(project, "starlette", "1.5"))):
        streams = (
            [(m, ways) for m in marks(project, RULE, kind) if (ways := _ways(project, m))] if holds else []
        )
        for layer in layers:
            inside = [
                (m, found)
                for m, ways in streams
                if (found := [w for w in ways if _is_inside(project, layer, w.route)])
            ]
            if inside:
                yield _finding(kind, layer, inside)
                break


def holds_events(project: Project) -> bool:
    """Whether events are compressed: before Starlette 0.46, which FastAPI before 0.115.10 did not allow."""
    return before(project, "starlette", "0.46") or before(project, "fastapi", "0.115.10")


def _ways(project: Project, mark: Mark) -> list[Reach]:
    return reaches(project, mark.function, ("loop", "thread"))


def _is_inside(project: Project, layer: Middleware, key: str) -> bool:
    """Whether the layer lies around a route: of the one application, or of the only one that is made in its file."""
    apps = {r.application for r in project.imported.routes if r.application}
    if len(apps) <= 1:
        return True
    assert layer.added is not None
    here = {a for a in apps if a.startswith(f"{layer.added.file}:")}
    return len(here) == 1 and any(r.key == key and r.application in here for r in project.imported.routes)


def _finding(kind: str, layer: Middleware, streams: list[tuple[Mark, list[Reach]]]) -> Finding:
    routes = {w.route for _, ways in streams for w in ways}
    first, ways = streams[0]
    assert layer.added is not None
    what = "of events" if kind == "events" else "of lines"
    return draft(
        RULE,
        Span(layer.added.file, layer.added.line, layer.added.symbol),
        routes,
        message=f"GZipMiddleware keeps {many(len(routes), 'stream')} {what} until its buffer is full: {first.fact('text')}",
        impact="what is streamed arrives late and in lumps, or only at the end",
        solution="a Starlette that flushes (1.5) or leaves events alone (0.46), or Content-Encoding: identity in the stream's headers",
        known="static",
        confidence=0.85 if kind == "events" else 0.7,
        chain=(*ways[0].chain, Step(first.fact("text"), first.span)),
        severity=None if kind == "events" else "note",
        places=[m.span for m, _ in streams],
    )


_STREAM = """
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import StreamingResponse

app.add_middleware(GZipMiddleware, minimum_size=1000)


async def ticks():
    for number in range(10):
        yield f"data: {number}\\n\\n"
        await asyncio.sleep(1)


@app.get("/ticks")
async def stream():
    return StreamingResponse(ticks(), media_type="text/event-stream"%s)
"""
_OLD = {"requirements.txt": "fastapi==0.110.0\nstarlette==0.36.3\n"}

EXAMPLES = (
    Example("events in the compressor", plain(_STREAM % "") | _OLD, bad=True),
    Example(
        "left as they are",
        plain(_STREAM % ', headers={"Content-Encoding": "identity"}') | _OLD,
        mends="events in the compressor",
    ),
    Example(
        "a Starlette that leaves events alone",
        plain(_STREAM % "") | {"requirements.txt": "fastapi==0.116.1\nstarlette==0.47.2\n"},
    ),
    Example(
        "a file that is streamed",
        plain("""
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.responses import StreamingResponse

app.add_middleware(GZipMiddleware, minimum_size=1000)


@app.get("/report")
def report():
    return StreamingResponse(open("report.csv", "rb"), media_type="text/csv")
""")
        | _OLD,
    ),
)
