"""A lock is held while something slow happens.

**What.** A `threading.Lock` is held across an `await`, or an `asyncio.Lock` that all requests share is held while another service
is asked.

**Why it costs.** With `threading.Lock`, the second task that wants it stops the whole event loop, and the first, which would
give it back, never goes on: a deadlock. With one `asyncio.Lock` for everybody, requests queue behind the slowest answer of the other
service: its latency times the number of those who wait.

**How it is found.** `with lock:` around an `await`, told by the type of the lock. `async with lock:` of a module, class or object in a
function that a route reaches, around an awaited call that leads to another service. A lock for each key, and a block that first
looks whether somebody else has done the work meanwhile (a token, a client), are left out; so is a lock for threads in what also runs on a
loop of another thread (`Thread(target=asyncio.run, ...)`): an `asyncio.Lock` can't be shared by several loops.

**How to fix it.** `asyncio.Lock` in async code; hold it for the change of shared state alone, and call out before or after. Where
one call at a time is meant, a lock for each key.

**When it is no problem.** The other service allows one call at a time.

**Sources.** Python, "Synchronization Primitives": https://docs.python.org/3/library/asyncio-sync.html
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.code import reaches
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.led import leads
from strop.rules.loops_apart import are_on_several, beginnings
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.span import Step

RULE = Rule(
    "ASY011",
    "lock-over-slow-work",
    "async",
    "warning",
    "A lock held while something slow happens",
    static=True,
)

WORDS = ("with", "run", "run_until_complete")
_THREADING = ("threading.Lock", "threading.RLock", "threading.Semaphore", "multiprocessing.Lock")
_ASYNC = ("asyncio.Lock", "anyio.Lock")


def notice(body: Body) -> Iterator[Mark]:
    """Blocks under a lock that wait, and functions that start a loop."""
    yield from beginnings(body, RULE.code)
    for node in body.of(ast.With):
        held = next((i.context_expr for i in node.items if body.instance(i.context_expr) in _THREADING), None)
        waits = next(
            (n for n in _inside(node.body) if isinstance(n, ast.Await | ast.AsyncWith | ast.AsyncFor)), None
        )
        if held is not None and waits is not None:
            yield body.mark(RULE.code, node.items[0].context_expr, kind="thread", lock=body.text(held))
    for block in body.of(ast.AsyncWith):
        lock = next((i.context_expr for i in block.items if body.instance(i.context_expr) in _ASYNC), None)
        if isinstance(lock, ast.Name | ast.Attribute) and _is_shared(body, lock) and not _looks_first(block):
            lines = sorted({n.lineno for n in _inside(block.body) if isinstance(n, ast.Await)})
            if lines:
                where = ",".join(map(str, lines))
                yield body.mark(
                    RULE.code, block.items[0].context_expr, kind="loop", lock=body.text(lock), lines=where
                )


def _inside(statements: list[ast.stmt]) -> Iterator[ast.AST]:
    """The nodes of a block, nested definitions left out."""
    waiting: list[ast.AST] = list(statements)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting.extend(ast.iter_child_nodes(node))


def _is_shared(body: Body, lock: ast.Name | ast.Attribute) -> bool:
    """Whether one lock serves all requests: a module's, or an attribute."""
    if isinstance(lock, ast.Attribute):
        return True
    found = body.bindings(lock)
    return bool(found) and all(b.scope.kind == "module" for b in found)


def _looks_first(block: ast.AsyncWith) -> bool:
    """Whether it begins by looking whether the work is still to be done."""
    return any(isinstance(statement, ast.If) for statement in block.body[:3])


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each block."""
    marks = list(project.source.marks.get(RULE.code, ()))
    apart = are_on_several(project, marks)
    for mark in marks:
        function = project.source.functions.get(mark.function)
        ways = reaches(project, mark.function, ("loop", "background"))
        if function is None or not ways:
            continue
        routes = {w.route for w in ways}
        if mark.fact("kind") == "begins" or (mark.fact("kind") == "thread" and mark.function in apart):
            continue
        if mark.fact("kind") == "thread":
            yield draft(
                RULE,
                mark.span,
                routes,
                message=f"{mark.fact('lock')} is a lock for threads, and is held across an await",
                impact="the next task that wants it stops the event loop, and the one that holds it never goes on",
                solution="use asyncio.Lock",
                known="static",
                confidence=0.9,
                chain=(*ways[0].chain, Step(f"with {mark.fact('lock')}", mark.span)),
                severity="error",
            )
            continue
        lines = {int(line) for line in mark.fact("lines").split(",")}
        calls = [c for c in function.calls if c.awaited and c.span.line in lines and not c.once]
        slow = next((c for c in calls if "calls" in leads(project, c)), None)
        if slow is not None:
            yield draft(
                RULE,
                mark.span,
                routes,
                message=f"{mark.fact('lock')} is held while {slow.text} waits for another service",
                impact="requests queue behind the slowest answer of the other service",
                solution="hold the lock for the shared state alone, or use a lock for each key",
                known="static",
                confidence=0.6,
                chain=(*ways[0].chain, Step(slow.text, slow.span)),
            )


EXAMPLES = (
    Example(
        "one lock for all, around a call",
        plain("""
import httpx

client = httpx.AsyncClient(timeout=5)
lock = asyncio.Lock()
prices: dict[str, float] = {}


@app.post("/prices/{name}")
async def update_price(name: str):
    async with lock:
        response = await client.get(f"https://prices.example/{name}")
        prices[name] = response.json()["price"]
    return prices
"""),
        bad=True,
    ),
    Example(
        "the lock is held for the change",
        plain("""
import httpx

client = httpx.AsyncClient(timeout=5)
lock = asyncio.Lock()
prices: dict[str, float] = {}


@app.post("/prices/{name}")
async def update_price(name: str):
    response = await client.get(f"https://prices.example/{name}")
    async with lock:
        prices[name] = response.json()["price"]
    return prices
"""),
        mends="one lock for all, around a call",
    ),
    Example(
        "a lock for threads across an await",
        plain("""
import threading

lock = threading.Lock()


@app.post("/count")
async def count():
    with lock:
        await asyncio.sleep(0.01)
    return {}
"""),
        bad=True,
    ),
    Example(
        "a lock that loops of several threads share",
        plain("""
import threading

lock = threading.Lock()
lines = threading.Lock()


async def rebuild():
    with lock:
        await asyncio.sleep(0.01)


async def write_lines():
    with lines:
        await asyncio.sleep(0.01)


def rebuild_apart():
    async def run_it():
        await rebuild()

    threading.Thread(target=asyncio.run, args=(run_it(),), daemon=True).start()


def write_apart():
    asyncio.run(write_lines())


@app.on_event("startup")
def begin():
    rebuild_apart()
    threading.Thread(target=write_apart).start()


@app.post("/rebuild")
async def ask_for_it():
    await rebuild()
    await write_lines()
    return {}
"""),
    ),
    Example(
        "a loop of another thread that never comes to the lock",
        plain("""
import threading

lock = threading.Lock()


async def tidy():
    await asyncio.sleep(0.01)


@app.on_event("startup")
def begin():
    threading.Thread(target=asyncio.run, args=(tidy(),), daemon=True).start()


@app.post("/count")
async def count():
    with lock:
        await asyncio.sleep(0.01)
    return {}
"""),
        bad=True,
    ),
    Example(
        "one fetches the token, the others find it; a lock for each key",
        plain("""
from collections import defaultdict

import httpx

client = httpx.AsyncClient(timeout=5)
lock = asyncio.Lock()
locks: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
kept: dict[str, str] = {}


@app.get("/token")
async def read_token():
    async with lock:
        if "token" not in kept:
            kept["token"] = (await client.post("https://login.example/token")).json()["token"]
    return kept["token"]


@app.get("/prices/{name}")
async def read_price(name: str):
    async with locks[name]:
        return (await client.get(f"https://prices.example/{name}")).json()
"""),
    ),
)
