"""Start-up handlers that never run, because the application has a lifespan.

**What.** `FastAPI(lifespan=...)` together with `@app.on_event("startup")` or `add_event_handler` on the same application.

**Why it costs.** With a lifespan the handlers are ignored, without a word: the pool isn't opened, the scheduler doesn't
run, nothing is closed at the end.

**How it is found.** An application that is made with `lifespan=`, and handlers that are registered on the same name.

**How to fix it.** Move what the handlers do into the lifespan: before `yield` what starts, after it what stops.

**When it is no problem.** Never: one of the two doesn't run.

**Sources.** FastAPI, "Lifespan Events": https://fastapi.tiangolo.com/advanced/events/ ;
https://github.com/fastapi/fastapi/issues/9663
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
    "RUN003", "lifespan-and-events", "runtime", "error", "Start-up handlers that never run", static=True
)
WORDS = ("lifespan", "on_event", "add_event_handler")
KINDS = ("function", "module")

_APPS = ("fastapi.FastAPI", "fastapi.applications.FastAPI", "starlette.applications.Starlette")


def notice(body: Body) -> Iterator[Mark]:
    """Applications with a lifespan, and handlers of events, by the application's name."""
    for call in body.calls("FastAPI", "Starlette"):
        target = body.parent(call)
        given = next((k.value for k in call.keywords if k.arg == "lifespan"), None)
        if body.name(call.func) in _APPS and given is not None and not _is_none(given):
            name = target.targets[0] if isinstance(target, ast.Assign) else None
            if isinstance(name, ast.Name):
                yield body.mark(RULE.code, call, made=dotted(body, name))
    for call in body.calls("on_event", "add_event_handler"):
        if isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
            event = body.constant(call.args[0]) if call.args else ""
            yield body.mark(RULE.code, call, handles=dotted(body, call.func.value), event=event)


def _is_none(expr: ast.expr) -> bool:
    return isinstance(expr, ast.Constant) and expr.value is None


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each handler."""
    marks = project.source.marks.get(RULE.code, ())
    made = {m.fact("made"): m for m in marks if m.fact("made")}
    for mark in marks:
        app = made.get(mark.fact("handles"))
        if app is None:
            continue
        yield draft(
            RULE,
            mark.span,
            (),
            message=f"this handler of {mark.fact('event') or 'an event'} never runs: the application is made with lifespan= in {app.span}",
            impact="what it opens or starts is not there, and nobody is told",
            solution="move it into the lifespan, before or after the yield",
            known="static",
            confidence=0.9,
        )


def _files(arguments: str, more: str) -> dict[str, str]:
    return {
        "main.py": f"""\
from contextlib import asynccontextmanager

from fastapi import FastAPI


async def open_pool():
    ...


@asynccontextmanager
async def lifespan(app):
{more}    yield


app = FastAPI({arguments})
""",
    }


_HANDLER = """

@app.on_event("startup")
async def start():
    await open_pool()
"""

EXAMPLES = (
    Example(
        "both",
        {"main.py": _files("lifespan=lifespan", "")["main.py"] + _HANDLER},
        bad=True,
    ),
    Example(
        "the lifespan alone", _files("lifespan=lifespan", "    await open_pool()\n"), bad=False, mends="both"
    ),
    Example("handlers alone", {"main.py": _files("", "")["main.py"] + _HANDLER}, bad=False),
)
