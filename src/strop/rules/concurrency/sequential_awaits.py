"""Independent calls are awaited one after the other.

**What.** Two statements that each wait for another service, of which the second uses nothing of the first: the
request takes the sum of both where it could take the longer one.

**Why it costs.** Latency: nothing is computed meanwhile, it is waited.

**How it is found.** In the source: neighbouring statements of an `async def` that a route reaches, each of which
keeps the result of an awaited call that leads to another service (or a sleep) and to no database; the second
doesn't mention what the first made. In the run: how long the outbound calls below each of them took.

**How to fix it.** `asyncio.gather` or a `TaskGroup`. When the first call fails, the second has been made all the
same, so it is your choice.

**When it is no problem.** Calls that use one database session (a session serves one task at a time), calls that
write, a second call that is only made when the first succeeded (a check stands between them).

**Sources.** Python, "Coroutines and Tasks": https://docs.python.org/3/library/asyncio-task.html
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise

from msgspec import Struct

from strop.evidence import Evidence
from strop.finding import Cost, Finding
from strop.project.body import Body
from strop.project.function import Call, Function, Reach
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.code import function_at, reaches
from strop.rules.draft import draft
from strop.rules.example import Example, get
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.served import requests
from strop.rules.wording import time
from strop.span import Span, Step

RULE = Rule("ASY005", "sequential-awaits", "async", "note", "Independent calls one after the other")

_SLEEPS = ("asyncio.sleep", "anyio.sleep")
_DATABASE = ("queries", "commits")
_WRITES = (
    "post", "put", "patch", "delete", "create", "update", "save", "send", "write", "set", "add", "remove", "charge",
    "pay", "login", "lock", "acquire", "release", "publish", "notify", "log",
)  # fmt: skip
_MOST = 200  # functions below a call that are looked at


class _Wait(Struct, frozen=True):
    """One awaited call, and the functions of the project that it runs."""

    call: Call
    below: frozenset[str]


WORDS = ("await",)


def notice(body: Body) -> Iterator[Mark]:
    """Neighbouring statements that each keep what an await gives, the second without a word of the first."""
    if not isinstance(body.node, ast.AsyncFunctionDef):
        return
    for block in _blocks(body):
        for one, other in pairwise(block):
            if _keeps_one(one) and _keeps_one(other) and not _stored(one) & _loaded(other):
                yield body.mark(RULE.code, one, second=other.lineno, last=other.end_lineno)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each pair of neighbours."""
    for mark in project.source.marks.get(RULE.code, ()):
        function = project.source.functions.get(mark.function)
        if function is None:
            continue
        first = _wait(project, function, mark.span.line, max(mark.span.end_line, mark.span.line))
        second = _wait(project, function, int(mark.fact("second")), int(mark.fact("last")))
        if first is not None and second is not None:
            ways = reaches(project, function.id, ("loop",))
            if ways:
                yield _finding(project, evidence, function, ways, first, second)


def _blocks(body: Body) -> Iterator[list[ast.stmt]]:
    """The statement lists of a function, nested definitions left out."""
    owners = (body.node, *body.of(ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try))
    for owner in (*owners, *body.of(ast.ExceptHandler)):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(owner, name, None)
            if isinstance(block, list) and len(block) > 1:
                yield block


def _keeps_one(statement: ast.stmt) -> bool:
    """`x = await f(...)`, with plain names on the left."""
    match statement:
        case ast.Assign(targets=targets, value=ast.Await(value=ast.Call())):
            return all(isinstance(target, ast.Name) for target in targets)
        case ast.AnnAssign(value=ast.Await(value=ast.Call())):
            return True
    return False


def _wait(project: Project, function: Function, line: int, last: int) -> _Wait | None:
    """The call that the statement on these lines waits for, when it leads to a service and to no database."""
    awaited = [c for c in function.calls if c.awaited and line <= c.span.line <= last]
    if len({c.text for c in awaited}) != 1:
        return None
    call = awaited[0]
    verb = call.name.rpartition(".")[2].lower()
    if any(verb.startswith(word) or verb.endswith("_" + word) for word in _WRITES):
        return None
    below = _below(project, call)
    kinds = {c.effect.kind for c in _calls(project, below) if c.effect is not None}
    kinds |= {c.effect.kind for c in awaited if c.effect is not None}
    sleeps = any(c.name in _SLEEPS for c in _calls(project, below))
    if kinds & set(_DATABASE) or not ("calls" in kinds or sleeps):
        return None
    return _Wait(call, below)


def _below(project: Project, call: Call) -> frozenset[str]:
    seen: set[str] = set()
    waiting = [call.target]
    while waiting and len(seen) < _MOST:
        name = waiting.pop()
        function = project.source.functions.get(name)
        if function is not None and name not in seen:
            seen.add(name)
            waiting.extend(c.target for c in function.calls)
    return frozenset(seen)


def _calls(project: Project, below: frozenset[str]) -> Iterator[Call]:
    for name in below:
        yield from project.source.functions[name].calls


def _stored(statement: ast.stmt) -> set[str]:
    return {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _loaded(statement: ast.stmt) -> set[str]:
    return {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}


def _finding(
    project: Project,
    evidence: Evidence | None,
    function: Function,
    ways: list[Reach],
    first: _Wait,
    second: _Wait,
) -> Finding:
    routes = {w.route for w in ways}
    saved = _saved(project, evidence, function, first, second) if evidence is not None else 0.0
    count = requests(evidence, routes) if evidence is not None else 1
    took = f"{time(saved / count)} a request" if saved else "the shorter of the two; it was not measured"
    return draft(
        RULE,
        Span(first.call.span.file, first.call.span.line, function.span.symbol),
        routes,
        message=f"{first.call.text} and {second.call.text} are independent and awaited one after the other",
        impact=f"waits longer than needed: {took}",
        solution="await both at once (asyncio.gather or a TaskGroup): your choice",
        known="measured" if saved else "static",
        confidence=0.8 if saved else 0.55,
        chain=(
            *ways[0].chain,
            Step(first.call.text, first.call.span),
            Step(second.call.text, second.call.span),
        ),
        cost=Cost(total=saved),
        facts={"function": function.id, "first": first.call.text, "second": second.call.text},
    )


def _saved(project: Project, evidence: Evidence, function: Function, first: _Wait, second: _Wait) -> float:
    """us of the run that the shorter of the two took, by the outbound calls below each."""
    saved = 0.0
    for exchange in evidence.exchanges:
        took = [0, 0]
        for call in exchange.outbound:
            for side, wait in enumerate((first, second)):
                place = function_at(project, call.span)
                here = call.span is not None and call.span.line == wait.call.span.line
                if place is not None and (place.id in wait.below or (place.id == function.id and here)):
                    took[side] += call.duration
        saved += min(took)
    return saved


_CLIENTS = """
import httpx


async def answer(request):
    await asyncio.sleep(0.005)
    return httpx.Response(200, json={"units": 2})


client = httpx.AsyncClient(transport=httpx.MockTransport(answer))


async def units(name):
    return (await client.get(f"http://stock.test/{name}")).json()["units"]


async def options(units):
    return (await client.get(f"http://carrier.test/{units}")).json()["units"]


"""

EXAMPLES = (
    Example(
        "two services that know nothing of each other",
        plain(
            _CLIENTS
            + """
@app.get("/availability")
async def read_availability():
    in_stock = await units("lamp")
    delivery = await options(3)
    return {"stock": in_stock, "delivery": delivery}
"""
        ),
        get("/availability"),
        bad=True,
    ),
    Example(
        "the second uses what the first answered",
        plain(
            _CLIENTS
            + """
@app.get("/availability")
async def read_availability():
    in_stock = await units("lamp")
    delivery = await options(in_stock)
    return {"stock": in_stock, "delivery": delivery}
"""
        ),
        get("/availability"),
        bad=False,
    ),
    Example(
        "a check stands between them",
        plain(
            _CLIENTS
            + """
@app.get("/availability")
async def read_availability():
    in_stock = await units("lamp")
    if not in_stock:
        raise HTTPException(404)
    delivery = await options(3)
    return {"stock": in_stock, "delivery": delivery}
"""
        ),
        get("/availability"),
        bad=False,
    ),
    Example(
        "both at once",
        plain(
            _CLIENTS
            + """
@app.get("/availability")
async def read_availability():
    in_stock, delivery = await asyncio.gather(units("lamp"), options(3))
    return {"stock": in_stock, "delivery": delivery}
"""
        ),
        get("/availability"),
        bad=False,
    ),
)
