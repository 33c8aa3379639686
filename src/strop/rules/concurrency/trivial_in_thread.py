"""A function that only computes is handed to a thread.

**What.** `@sync_to_async`, `await run_in_threadpool(build, ...)` or `await asyncio.to_thread(build, ...)` around a function that puts a few
values together.

**Why it costs.** 100 to 200 us for each hop, and a place in a pool that calls with real waiting need. A builder of answers
that is wrapped like this slows down every endpoint.

**How it is found.** Functions whose decorator hands them to a thread, and calls that are handed to one, where the body, through everything that it calls,
is provably free of waiting and of long computing: no library call that is not known to be harmless. Few routes make it a note.

**How to fix it.** Call it directly.

**When it is no problem.** It waits, reads a file, hashes, or computes over large data.

**Sources.** https://fastapi.tiangolo.com/async/ ; https://docs.python.org/3/library/asyncio-task.html#asyncio.to_thread
"""

from __future__ import annotations

from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.function import Function
from strop.project.project import Project
from strop.regex import regex
from strop.rules.code import head, reaches
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import SERVED
from strop.rules.trivial import is_trivial
from strop.rules.wording import many

RULE = Rule("ASY012", "trivial-in-thread", "async", "warning", "A thread for what only computes", static=True)
_MANY = 8  # routes: for fewer it is hardly worth a change
_WRAPS = regex(r"(^|\.)(sync_to_async|run_in_threadpool|to_thread|asyncify|threadpool)$")


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each function that is handed to a thread for nothing."""
    for function in project.source.functions.values():
        wrapped = any(_WRAPS.search(d) for d in function.decorators)
        if not wrapped or not function.calls or not is_trivial(project, function):
            continue
        ways = reaches(project, function.id, SERVED)
        routes = {way.route for way in ways}
        if routes:
            yield _finding(function, routes)


def _finding(function: Function, routes: set[str]) -> Finding:
    name = function.span.symbol.rpartition(".")[2]
    return draft(
        RULE,
        head(function),
        routes,
        message=f"{name} only computes, and each call of it goes through a thread",
        impact=f"a thread hop for each request of {many(len(routes), 'route')}, longer than the work itself",
        solution="take the wrapper off and call it directly",
        known="static",
        confidence=0.85,
        facts={"function": function.id},
        severity=None if len(routes) >= _MANY else "note",
    )


_ANSWERS = """
from asgiref.sync import sync_to_async
from pydantic import BaseModel


class Answer(BaseModel):
    code: int
    data: dict | None = None


"""
_ROUTES = "\n\n".join(
    f"""@app.get("/pages/{n}")
async def page_{n}():
    return await build(200, {{"number": {n}}})
"""
    for n in range(8)
)
EXAMPLES = (
    Example(
        "a builder of answers in a thread",
        plain(
            _ANSWERS
            + """@sync_to_async
def build(code: int, data: dict | None) -> Answer:
    return Answer(code=code, data=data)


"""
            + _ROUTES
        ),
        bad=True,
    ),
    Example(
        "a builder that is called",
        plain(
            _ANSWERS
            + """async def build(code: int, data: dict | None) -> Answer:
    return Answer(code=code, data=data)


"""
            + _ROUTES
        ),
        bad=False,
        mends="a builder of answers in a thread",
    ),
    Example(
        "one that reads a file",
        plain(
            _ANSWERS
            + """@sync_to_async
def build(code: int, data: dict | None) -> Answer:
    return Answer(code=code, data={"text": Path("page.txt").read_text()})


"""
            + _ROUTES
        ),
        bad=False,
    ),
)
