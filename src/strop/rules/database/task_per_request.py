"""A layer starts a task of its own for each request, which writes a row.

**What.** A middleware calls `asyncio.create_task(log.create(...))` for each request; each task opens a session and inserts one row.

**Why it costs.** The tasks take connections of the pool that the requests need, as many as there are requests: under load the log is what
makes requests wait. Nothing limits the tasks, so they pile up in memory when the database is slow, and a stop of the process loses them.

**How it is found.** `create_task` or `ensure_future` in the function of a layer, of a coroutine of the project that opens a session or executes statements.

**How to fix it.** Put the row into a bounded `asyncio.Queue`, and let one task write what has come together: one session and one insert for many rows.

**When it is no problem.** A layer that comes to it for few requests.

**Sources.** https://docs.python.org/3/library/asyncio-queue.html ; https://docs.sqlalchemy.org/en/20/core/pooling.html
"""

from __future__ import annotations

from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.function import Call, Function
from strop.project.project import Project
from strop.regex import regex
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.layers import layers, name_of
from strop.rules.led import below, leads
from strop.rules.rule import Rule
from strop.rules.sample import shop
from strop.span import Step

RULE = Rule(
    "DB028", "task-per-request", "database", "warning", "A task and a session for each request", static=True
)
_STARTS = regex(r"(^|\.)(create_task|ensure_future)$")
_OPENS = regex(r"sessionmaker(\.begin|\.__call__)?$|\.AsyncSession$|async_scoped_session$")


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each layer."""
    routes = {r.key for r in project.imported.routes if r.kind == "http"}
    for middleware, function in layers(project):
        found = next(_writes(project, function), None)
        if found is not None:
            yield draft(
                RULE,
                found.span,
                routes,
                message=f"{name_of(middleware)} starts a task with a session of its own for each request: {found.text}",
                impact="under load the tasks take the connections that requests wait for, and nothing limits them",
                solution="put the row into a bounded queue, and write what has come together with one statement",
                known="static",
                confidence=0.75,
                chain=(
                    Step(f"middleware {name_of(middleware)}", function.span),
                    Step(found.text, found.span),
                ),
            )


def _writes(project: Project, function: Function) -> Iterator[Call]:
    """Coroutines that a function starts as tasks, and that go to the database."""
    for start in function.calls:
        if not _STARTS.search(start.name) or start.awaited:
            continue
        for call in function.calls:
            inside = start.span.line <= call.span.line <= max(start.span.end_line, start.span.line)
            target = project.source.functions.get(call.target)
            if (
                inside
                and target is not None
                and target.is_async
                and not call.awaited
                and _asks(project, call)
            ):
                yield call


def _asks(project: Project, call: Call) -> bool:
    functions = (project.source.functions[name] for name in below(project, call))
    opens = any(_OPENS.search(c.name) for f in functions for c in f.calls)
    return opens or bool(leads(project, call) & {"queries", "commits"})


_LAYER = """
from starlette.middleware.base import BaseHTTPMiddleware


async def keep(path: str) -> None:
    async with AsyncSession(async_engine) as session:
        session.add(Customer(name=path))
        await session.commit()


class VisitMiddleware(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        response = await call_next(request)
        {hand}
        return response


app.add_middleware(VisitMiddleware)


@app.get("/ping")
async def ping():
    return {{}}
"""
EXAMPLES = (
    Example(
        "a row by a task for each request",
        shop("\nimport asyncio\n" + _LAYER.format(hand="asyncio.create_task(keep(request.url.path))")),
        bad=True,
    ),
    Example(
        "rows through a queue",
        shop(
            "\nimport asyncio\n\nVISITS = asyncio.Queue(maxsize=1000)\n"
            + _LAYER.format(hand="VISITS.put_nowait(request.url.path)")
        ),
        bad=False,
        mends="a row by a task for each request",
    ),
    Example(
        "a task without a database",
        shop(
            "\nimport asyncio\n\n\nasync def count(path: str) -> None:\n    await asyncio.sleep(0)\n"
            + _LAYER.format(hand="asyncio.create_task(count(request.url.path))")
        ),
        bad=False,
    ),
)
