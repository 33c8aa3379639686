"""The lifespan of a mounted application never runs.

**What.** `app.mount("/admin", admin)` where `admin` has a lifespan or start-up handlers of its own (an MCP server's
`http_app()` has one too).

**Why it costs.** The server starts and stops the outer application alone. What the inner one opens at its start isn't
there: an attribute that is missing, a pool that is closed, "task group is not initialized".

**How it is found.** An application with a lifespan that is given to `mount`, in a project that nowhere enters it
(`lifespan_context`, `.lifespan`, `combine_lifespans`).

**How to fix it.** Enter it in the outer lifespan: `async with admin.router.lifespan_context(admin):`, or hand on
`lifespan=mcp_app.lifespan`.

**When it is no problem.** Static files and applications without start-up work.

**Sources.** https://github.com/fastapi/fastapi/issues/811 ; https://github.com/Kludex/starlette/issues/649
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
from strop.rules.named import dotted
from strop.rules.rule import Rule

RULE = Rule(
    "RUN002", "mounted-lifespan", "runtime", "error", "A mounted application is never started", static=True
)
WORDS = ("mount", "lifespan", "lifespan_context", "combine_lifespans", "http_app", "on_event")
KINDS = ("function", "module")

_APPS = ("fastapi.FastAPI", "fastapi.applications.FastAPI", "starlette.applications.Starlette")
_SERVERS = ("http_app", "streamable_http_app")


def notice(body: Body) -> Iterator[Mark]:
    """Applications that need a start, mounts, and whatever enters a lifespan."""
    for node in body.of(ast.Assign):
        name, call = node.targets[0], node.value
        if isinstance(name, ast.Name) and isinstance(call, ast.Call) and _needs_start(body, call):
            yield body.mark(RULE.code, call, made=dotted(body, name))
    for call in body.calls("on_event"):
        if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
            yield body.mark(RULE.code, call, made=dotted(body, call.func.value))
    for call in body.calls("mount"):
        inner = (
            call.args[1]
            if len(call.args) > 1
            else next((k.value for k in call.keywords if k.arg == "app"), None)
        )
        if isinstance(inner, ast.Name):
            yield body.mark(RULE.code, call, mounts=dotted(body, inner), text=body.brief(call, 70))
        elif isinstance(inner, ast.Call) and _needs_start(body, inner):
            yield body.mark(RULE.code, call, mounts="", direct=True, text=body.brief(call, 70))
    for attribute in body.of(ast.Attribute):
        if attribute.attr in ("lifespan_context", "lifespan", "session_manager"):
            yield body.mark(RULE.code, attribute, enters=True)
    for call in body.calls("combine_lifespans"):
        yield body.mark(RULE.code, call, enters=True)


def _needs_start(body: Body, call: ast.Call) -> bool:
    if isinstance(call.func, ast.Attribute) and call.func.attr in _SERVERS:
        return True
    given = next((k.value for k in call.keywords if k.arg == "lifespan"), None)
    empty = given is None or (isinstance(given, ast.Constant) and given.value is None)
    return not empty and body.name(call.func) in _APPS


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each mount."""
    marks = project.source.marks.get(RULE.code, ())
    if any(m.fact("enters") for m in marks):
        return
    made = {m.fact("made") for m in marks if m.fact("made")}
    for mark in marks:
        if mark.fact("text") and (mark.fact("direct") or mark.fact("mounts") in made):
            yield draft(
                RULE,
                mark.span,
                (),
                message=f"{mark.fact('text')}: what this application does at its start never runs",
                impact="what it opens at start-up is missing when its routes are called",
                solution="enter its lifespan in the outer one: async with inner.router.lifespan_context(inner)",
                known="static",
                confidence=0.85,
            )


_INNER = """\
from contextlib import asynccontextmanager

from fastapi import FastAPI


@asynccontextmanager
async def start_admin(app):
    app.state.words = ["one"]
    yield


admin = FastAPI(lifespan=start_admin)
"""

EXAMPLES = (
    Example(
        "an inner application",
        {"main.py": _INNER + '\napp = FastAPI()\napp.mount("/admin", admin)\n'},
        bad=True,
    ),
    Example(
        "entered by the outer one",
        {
            "main.py": _INNER
            + """

@asynccontextmanager
async def start(app):
    async with admin.router.lifespan_context(admin):
        yield


app = FastAPI(lifespan=start)
app.mount("/admin", admin)
"""
        },
        bad=False,
        mends="an inner application",
    ),
    Example(
        "nothing to start",
        {
            "main.py": 'from fastapi import FastAPI\n\nadmin = FastAPI()\napp = FastAPI()\napp.mount("/admin", admin)\n'
        },
        bad=False,
    ),
)
