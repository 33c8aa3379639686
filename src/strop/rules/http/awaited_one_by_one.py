"""Outbound calls in a loop wait for each other.

**What.** A loop awaits one call to another service in each turn, and no turn needs what an earlier one answered.

**Why it costs.** The request takes the sum of all calls: twenty of 80 ms are 1.6 s, in which nothing is computed.

**How it is found.** `for` loops and comprehensions of an `async def` that a route reaches, in which a call is awaited that
leads to another service and to no database. Loops that end early, that sleep, that carry a value from turn to turn or
that go over a few things (written in the source, or the first three) are left out.

**How to fix it.** `asyncio.gather` or a `TaskGroup` with a semaphore that says how many at a time, or one call for all.

**When it is no problem.** The other service wants one call at a time, or the order matters. A note where the call is made only
for what has failed, or is not there yet, and where a slice of ten or less ends the loop.

**Sources.** Python, "Coroutines and Tasks": https://docs.python.org/3/library/asyncio-task.html
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.function import Call, Function
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules import burden
from strop.rules.code import reaches
from strop.rules.detours import Detours
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.led import leads
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.sliced import most_turns
from strop.span import Step

RULE = Rule(
    "HTTP003",
    "awaited-one-by-one",
    "http",
    "warning",
    "Outbound calls in a loop wait for each other",
    static=True,
)

WORDS = ("await",)
_LITERALS = (ast.List, ast.Tuple, ast.Set, ast.Dict)
_FEW, _SOME = 3, 10  # turns: as good as written in the source; a second at most
_SLEEPS = ("asyncio.sleep", "anyio.sleep")


def notice(body: Body) -> Iterator[Mark]:
    """Loops with an await in which no turn needs another."""
    if not isinstance(body.node, ast.AsyncFunctionDef):
        return
    seen: set[int] = set()
    for node in body.of(ast.Await):
        loop = body.loop(node)
        if loop is None or id(loop) in seen or not isinstance(node.value, ast.Call):
            continue
        seen.add(id(loop))
        if isinstance(loop, ast.For):
            if (
                not _is_short(body, loop.iter)
                and _turns_are_apart(loop)
                and not _with_session(body, node.value)
            ):
                yield body.mark(RULE.code, loop, line=loop.lineno, few=most_turns(body, loop.iter) <= _SOME)
        elif isinstance(loop, ast.ListComp | ast.DictComp | ast.SetComp):
            first = loop.generators[0]
            if not first.is_async and not _is_short(body, first.iter) and not _with_session(body, node.value):
                few = most_turns(body, first.iter) <= _SOME
                yield body.mark(RULE.code, loop, line=loop.lineno, few=few)


def _is_short(body: Body, over: ast.expr) -> bool:
    """Whether what is gone through is written in the source, or no more than a few of it."""
    if most_turns(body, over) <= _FEW:
        return True
    value = body.value(over)
    if (
        isinstance(value, ast.Call)
        and isinstance(value.func, ast.Name)
        and value.func.id in ("range", "enumerate", "zip")
    ):
        return value.func.id == "range" or all(isinstance(body.value(a), _LITERALS) for a in value.args)
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute) and value.func.attr == "items":
        value = body.value(value.func.value)
    return isinstance(value, _LITERALS)


def _with_session(body: Body, call: ast.Call) -> bool:
    """Whether a database session goes along: it serves one call at a time."""
    given = (*call.args, *(keyword.value for keyword in call.keywords))
    return any(body.instance(value).startswith("sqlalchemy.") for value in given)


def _turns_are_apart(loop: ast.For) -> bool:
    """Whether a turn ends nothing and reads no local name that an earlier turn gave a value."""
    inside = [node for statement in loop.body for node in ast.walk(statement)]
    if any(isinstance(node, ast.Break | ast.Return | ast.Yield | ast.AsyncFor) for node in inside):
        return False
    stored: dict[str, int] = {}
    loaded: dict[str, int] = {}
    added = {
        node.target.id
        for node in inside
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name)
    }
    asked = (n for node in inside if isinstance(node, ast.Compare) for n in ast.walk(node))
    added -= {n.id for n in asked if isinstance(n, ast.Name)}  # a budget, or a count that ends the work
    for node in inside:
        if isinstance(node, ast.Name):
            places = stored if isinstance(node.ctx, ast.Store) else loaded
            places[node.id] = min(places.get(node.id, node.lineno), node.lineno)
    carried = (
        name for name, line in loaded.items() if name in stored and line < stored[name] and name not in added
    )
    return next(carried, None) is None


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each loop."""
    detours = Detours(project, burden.RULE)
    for mark in project.source.marks.get(RULE.code, ()):
        function = project.source.functions.get(mark.function)
        if function is None:
            continue
        inside = [c for c in function.calls if c.loop == mark.span.line]
        waits = [c for c in inside if c.awaited]
        if any(c.name in _SLEEPS for c in function.calls if c.loop):  # it polls, in this loop or around it
            continue
        asked = _asked(project, waits)
        ways = reaches(project, function.id, ("loop",)) if asked is not None else []
        if asked is not None and ways:
            seldom = detours.has(asked.span) or bool(mark.fact("few"))
            yield _finding(mark, function, asked, ways[0].chain, {w.route for w in ways}, seldom)


def _asked(project: Project, waits: list[Call]) -> Call | None:
    """The awaited call that leads to another service, when none of them leads to a database."""
    kinds = {call: leads(project, call) for call in waits}
    if any({"queries", "commits"} & found for found in kinds.values()):
        return None
    return next(
        (call for call, found in kinds.items() if "calls" in found and _calls_out(project, call)), None
    )


def _calls_out(project: Project, call: Call) -> bool:
    """Whether the call, or what it calls, is a request to another service: further down too much lies between."""
    target = project.source.functions.get(call.target)
    inside = [c for c in target.calls if c.awaited] if target is not None else []
    return any(c.effect is not None and c.effect.kind == "calls" for c in (call, *inside))


def _finding(
    mark: Mark, function: Function, call: Call, chain: tuple[Step, ...], routes: set[str], seldom: bool
) -> Finding:
    return draft(
        RULE,
        call.span,
        routes,
        message=f"{call.text} is awaited once a turn, one after the other",
        impact="the request takes as long as all calls together",
        solution="await them at once, a few at a time (gather or a TaskGroup with a semaphore), or ask once for all",
        known="static",
        confidence=0.6,
        chain=(*chain, Step(call.text, call.span)),
        facts={"function": function.id, "loop": mark.span.line},
        severity="note" if seldom else None,
    )


_CLIENT = """
import httpx

client = httpx.AsyncClient(timeout=5)


async def stock(name: str) -> int:
    return (await client.get(f"https://stock.example/{name}")).json()["units"]


"""

EXAMPLES = (
    Example(
        "one call a product",
        plain(
            _CLIENT
            + """
@app.post("/stock")
async def read_stock(names: list[str]):
    found = {}
    for name in names:
        found[name] = await stock(name)
    return found
"""
        ),
        bad=True,
    ),
    Example(
        "all at once, five at a time",
        plain(
            _CLIENT
            + """
limit = asyncio.Semaphore(5)


async def stock_in_turn(name: str) -> int:
    async with limit:
        return await stock(name)


@app.post("/stock")
async def read_stock(names: list[str]):
    units = await asyncio.gather(*(stock_in_turn(name) for name in names))
    return dict(zip(names, units))
"""
        ),
        mends="one call a product",
    ),
    Example(
        "the first that answers, page after page",
        plain(
            _CLIENT
            + """
@app.post("/first")
async def find_first(names: list[str]):
    for name in names:
        if await stock(name):
            return name
    return None


@app.post("/pages")
async def read_pages(names: list[str]):
    cursor = ""
    for name in names:
        answer = await client.get("https://stock.example/page", params={"after": cursor, "name": name})
        cursor = answer.json()["next"]
    return cursor
"""
        ),
    ),
    Example(
        "inside a poll, where waiting is the purpose",
        plain(
            _CLIENT
            + """
@app.post("/ready")
async def wait_until_ready(names: list[str]):
    waiting = set(names)
    while waiting:
        for name in list(waiting):
            waiting -= {name} if await stock(name) else set()
        await asyncio.sleep(1)
    return True
"""
        ),
    ),
    Example(
        "a message for each that failed: a note",
        plain(
            _CLIENT
            + """
import logging

logger = logging.getLogger(__name__)


@app.post("/check")
async def check_all(names: list[str]):
    for name in names:
        if not name:
            logger.error("a product without a name")
            await stock("nameless")
    return len(names)
"""
        ),
        bad=True,
    ),
    Example(
        "the first three",
        plain(
            _CLIENT
            + """
@app.post("/stock")
async def read_stock(names: list[str]):
    return [await stock(name) for name in names[:3]]
"""
        ),
    ),
    Example(
        "the first ones, as many as a parameter says: a note",
        plain(
            _CLIENT
            + """
async def read_first(names: list[str], most: int = 10) -> list[int]:
    found = []
    for name in names[:most]:
        units = await stock(name)
        found.append(units)
    return found


@app.post("/stock")
async def read_stock(names: list[str]):
    return await read_first(names, most=5)
"""
        ),
        bad=True,
    ),
)
