"""A second event loop is started inside a request.

**What.** `asyncio.run`, `run_until_complete` or `async_to_sync` in code that a request runs.

**Why it costs.** On the event loop it raises (`asyncio.run() cannot be called from a running event loop`), or holds the loop. In a
thread it makes and closes a loop for each request; clients, pools and locks that were made on the application's loop fail in
it ("attached to a different loop") or are opened anew.

**How it is found.** Such calls in functions that a route reaches. A function that asks whether a loop is running is left out,
and so is what a `threading.Thread` of its own runs.

**How to fix it.** Make the caller `async def` and `await`; from a thread, `anyio.from_thread.run(f)` runs it on the application's loop.

**When it is no problem.** Command line, workers and start-up, which have no loop (not reported). In a thread it costs, and most
often works: a note.

**Sources.** Python, "Runners": https://docs.python.org/3/library/asyncio-runner.html ;
AnyIO, "Calling asynchronous code from a worker thread": https://anyio.readthedocs.io/en/stable/threads.html
"""

from __future__ import annotations

from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.code import reaches
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.span import Step

RULE = Rule("ASY006", "loop-in-loop", "async", "error", "A second event loop inside a request", static=True)

_STARTS = (
    "asyncio.run",
    "asyncio.AbstractEventLoop.run_until_complete",
    "asyncio.Runner.run",
    "asgiref.sync.async_to_sync",
    "anyio.run",
    "uvloop.run",
)
WORDS = ("run", "run_until_complete", "async_to_sync")
_THREAD = "Thread("  # a thread that is made for a loop of its own may live as long as the process
_ASKS = ("get_running_loop", "is_running", "current_async_library")


def notice(body: Body) -> Iterator[Mark]:
    """Calls that start a loop, where nothing asks for a running one."""
    if any(next(body.calls(name), None) is not None for name in _ASKS):
        return
    for call in body.calls(*WORDS):
        name = body.name(call.func)
        if name in _STARTS:
            yield body.mark(RULE.code, call, name=name, text=body.brief(call, 90))


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each call."""
    for mark in project.source.marks.get(RULE.code, ()):
        function = project.source.functions.get(mark.function)
        ways = reaches(project, mark.function, ("loop", "thread"))
        ways = [w for w in ways if not any(_THREAD in step.text for step in w.chain)]
        if function is None or not ways:
            continue
        threaded = function.off_loop or any(
            c.off_loop for c in function.calls if c.span.line == mark.span.line
        )
        on_loop = [w for w in ways if w.context == "loop"] if not threaded else []
        name = mark.fact("name").rpartition(".")[2]
        yield draft(
            RULE,
            mark.span,
            {w.route for w in ways},
            message=f"{name} starts a second event loop"
            + (" on the event loop of the application" if on_loop else " in a thread of each request"),
            impact="it raises RuntimeError, or holds the loop"
            if on_loop
            else "a loop is made and closed each time; what belongs to the application's loop fails in it",
            solution="make the caller async and await, or hand the coroutine to the application's loop",
            known="static",
            confidence=0.85 if on_loop else 0.7,
            chain=(*(on_loop or ways)[0].chain, Step(mark.fact("text"), mark.span)),
            facts={"name": mark.fact("name")},
            severity=None if on_loop else "note",
        )


EXAMPLES = (
    Example(
        "asyncio.run in a handler's helper: a note",
        plain("""
async def load(name: str) -> str:
    await asyncio.sleep(0.01)
    return name


def read(name: str) -> str:
    return asyncio.run(load(name))


@app.get("/items/{name}")
def read_item(name: str):
    return read(name)
"""),
        bad=True,
    ),
    Example(
        "awaited",
        plain("""
async def load(name: str) -> str:
    await asyncio.sleep(0.01)
    return name


@app.get("/items/{name}")
async def read_item(name: str):
    return await load(name)
"""),
        mends="asyncio.run in a handler's helper: a note",
    ),
    Example(
        "a command, and a function that asks first",
        plain("""
async def load(name: str) -> str:
    await asyncio.sleep(0.01)
    return name


def read(name: str):
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(load(name))
    raise RuntimeError("await load() instead")


@app.get("/items/{name}")
def read_item(name: str):
    return read(name)


def main():
    print(asyncio.run(load("lamp")))
"""),
    ),
    Example(
        "a thread of its own with a loop that lives as long as it",
        plain("""
import threading

threads = []


async def listen():
    await asyncio.sleep(60)


def serve():
    asyncio.run(listen())


@app.post("/start")
def start():
    if not threads:
        threads.append(threading.Thread(target=serve, daemon=True))
        threads[0].start()
    return len(threads)
"""),
    ),
)
