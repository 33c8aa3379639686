"""A database connection is held while another service is asked.

**What.** A handler reads from the database, then calls another service, and only afterwards gives the
connection back: it lies idle for as long as the other service takes.

**Why it costs.** The pool has a handful of connections. When the other service is slow, all of them wait with
it, and requests that only want the database wait for a connection.

**How it is found.** Outbound calls that were made while a connection of the pool was checked out. In the source: a
function that asks by its session and then, before a commit, rollback or close, calls what asks another service.

**How to fix it.** Call first and read afterwards, or end the transaction (`commit`, `close`) before the call.
Then what was read can have changed after the call: it is your choice.

**When it is no problem.** A call that comes before the first statement holds nothing; a call that must be in
the same transaction (rare: it can't be rolled back anyway). A note where the call is far below or not sure, where it is made
for what is not known yet or has failed, where only removals come, and where the event loop itself waits for it (ASY001): no
second request takes a connection meanwhile.

**Sources.** SQLAlchemy, "When do I construct a Session, when do I commit it, and when do I close it?":
https://docs.sqlalchemy.org/en/20/orm/session_basics.html
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from urllib.parse import urlsplit

from strop.evidence import Evidence, Exchange, Outbound
from strop.finding import Cost, Finding
from strop.project.body import Body
from strop.project.branches import Needs, lift, needs
from strop.project.function import Call, Function, Reach
from strop.project.functions import Functions
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules import burden, sessions
from strop.rules.code import function_at, reaches, steps
from strop.rules.detours import Detours
from strop.rules.draft import draft
from strop.rules.example import Example, get
from strop.rules.rule import Rule
from strop.rules.sample import shop
from strop.rules.seldom import is_seldom
from strop.rules.sessions import is_session
from strop.rules.spawned import is_waited_for
from strop.rules.wording import number, time
from strop.span import Span, Step

WORDS = sessions.WORDS
_ENDS = ("commit", "rollback", "close", "aclose", "invalidate", "expunge_all")
_ASKS = (
    "execute",
    "scalars",
    "scalar",
    "get",
    "get_one",
    "exec",
    "query",
    "refresh",
    "flush",
    "fetch",
    "fetchrow",
    "fetchval",
)
_Calling = dict[str, dict[Needs, tuple[Step, ...]]]  # by function, and what it must have been given
_SURE = 2  # calls to the other service that are seen to be made, whatever is passed on
_DEEPEST = 3  # calls below the function: what lies deeper is too often behind a condition
RULE = Rule("DB010", "connection-held", "database", "warning", "A connection is held during an outbound call")


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each line that calls out with a connection in hand."""
    if evidence is None:
        yield from _unserved(project)
        return
    found: dict[Span, list[tuple[Exchange, Outbound]]] = defaultdict(list)
    for exchange in evidence.exchanges:
        for call in exchange.outbound:
            if call.connection_held and call.span is not None:
                found[Span(call.span.file, call.span.line, call.span.symbol)].append((exchange, call))
    for place, calls in found.items():
        yield _finding(project, place, calls)


def _finding(project: Project, place: Span, calls: list[tuple[Exchange, Outbound]]) -> Finding:
    function = function_at(project, place)
    longest = max((call for _, call in calls), key=lambda call: call.duration)
    mean = sum(call.duration for _, call in calls) / len(calls)
    return draft(
        RULE,
        place,
        (exchange.route for exchange, _ in calls if exchange.route),
        message=f"a database connection is held while {_host(longest.url)} answers",
        impact=f"{time(mean)} of an idle connection in each of {number(len(calls))} calls of the run; "
        "under load the pool waits as long as the other service does",
        solution="call first and read afterwards, or end the transaction before the call: your choice",
        known="measured",
        confidence=0.85,
        chain=steps((place,), project),
        # no request gets faster by itself, so it is not ranked by time
        cost=Cost(),
        facts={"function": function.id if function is not None else ""},
    )


def _host(url: str) -> str:
    """Who is asked: a path may hold what is a user's own, and differs from call to call."""
    return urlsplit(url).hostname or url


def notice(body: Body) -> Iterator[Mark]:
    """From where to where a function holds a connection: from its first question to the end of the transaction."""
    asked: dict[str, list[int]] = {}
    ended: dict[str, list[int]] = {}
    uses: list[ast.Name | ast.Attribute] = [*body.of(ast.Name), *body.of(ast.Attribute)]
    for use in uses:
        above = body.parent(use)
        if isinstance(use.ctx, ast.Load) and isinstance(above, ast.Attribute) and is_session(body, use):
            name, last = ast.unparse(use), above.attr
            if last in _ENDS:
                ended.setdefault(name, []).append(above.lineno)
            elif last in _ASKS:
                asked.setdefault(name, []).append(above.lineno)
    for name, lines in asked.items():
        first = min(lines)
        block = _block(body, name)
        if block and not block.start <= first < block.stop:
            continue
        ends = ",".join(map(str, sorted(ended.get(name, ()))))
        until = block.stop if block else ""
        yield body.mark(RULE.code, body.node, session=name, first=first, last=until, ends=ends)


def _block(body: Body, name: str) -> range | None:
    """The lines of the `with` that opens a session of this name."""
    for outer in (*body.of(ast.With), *body.of(ast.AsyncWith)):
        for item in outer.items:  # type: ignore[attr-defined]  # both have them
            if isinstance(item.optional_vars, ast.Name) and item.optional_vars.id == name:
                return range(outer.lineno, (outer.end_lineno or outer.lineno) + 1)
    return None


def _unserved(project: Project) -> Iterator[Finding]:
    """What the source alone says: a question, and then a call to another service before the transaction ends."""
    calling = _calling(project)
    told: set[str] = set()
    for mark in project.source.marks.get(RULE.code, ()):
        function = project.source.functions.get(mark.function)
        if function is None or function.id in told:
            continue
        found = _after(function, mark, calling)
        ways = reaches(project, function.id, ("loop", "thread")) if found is not None else []
        if found is not None and ways:
            told.add(function.id)
            yield _said(project, function, mark, found, calling, ways)


def _after(function: Function, mark: Mark, calling: _Calling) -> Call | None:
    """The first call to another service after the first question, with the transaction still open."""
    first, last = int(mark.fact("first")), int(mark.fact("last") or 0)
    ends = [int(line) for line in mark.fact("ends").split(",") if line]
    for call in sorted(function.calls, key=lambda c: c.span.line):
        line = call.span.line
        if line <= first or (last and line >= last) or not is_waited_for(function, call):
            continue
        asks = _is_outbound(call) or _way(call, calling) is not None
        if asks and not any(first < end <= line for end in ends):
            return call
    return None


def _way(call: Call, calling: _Calling) -> tuple[Step, ...] | None:
    """The way from what a call runs to another service, where its arguments don't exclude it."""
    ways = calling.get(call.target, {}).items()
    return min((path for wanted, path in ways if lift(wanted, call) is not None), key=len, default=None)


def _is_outbound(call: Call) -> bool:
    """Whether a call asks another service; a name is resolved in no time, mostly."""
    return call.effect is not None and call.effect.kind == "calls" and not call.name.startswith("socket.")


def _calling(project: Project) -> _Calling:
    """The functions that ask another service, directly or a few calls below, with the way there."""
    found: _Calling = {}
    functions = project.source.functions
    for function in functions.doing("calls"):
        for call in function.calls:
            if _is_outbound(call) and is_waited_for(function, call):
                found.setdefault(function.id, {}).setdefault(needs(call), (Step(call.text, call.span),))
    for _ in range(_DEEPEST):
        for function in _above(functions, found):
            if function.id in found or function.memoised:
                continue
            for call in function.calls:
                if call.target in found and is_waited_for(function, call):
                    for wanted, path in tuple(found[call.target].items()):
                        given = lift(wanted, call)
                        if given is not None:
                            step = Step(call.text, call.span)
                            found.setdefault(function.id, {}).setdefault(given, (step, *path))
    return found


def _above(functions: Functions, found: _Calling) -> Iterator[Function]:
    """The functions that call those in `found`, in the order of their ids; those that join while it is read count."""
    waiting = [caller.id for name in found for caller, _ in functions.callers(name)]
    heapify(waiting)
    last = ""
    while waiting:
        here = heappop(waiting)
        if here <= last:
            continue
        last = here
        known = here in found
        yield functions[here]
        for caller, _ in functions.callers(here) if here in found and not known else ():
            heappush(waiting, caller.id)


def _is_one_of_several(function: Function, call: Call) -> bool:
    """Whether the method has several implementations: the one that asks another service may not be the one in use."""
    same = {c.target for c in function.calls if (c.span, c.text) == (call.span, call.text) and c.target}
    return len(same) > 1


def _said(
    project: Project,
    function: Function,
    mark: Mark,
    call: Call,
    calling: _Calling,
    ways: list[Reach],
) -> Finding:
    path = (Step(call.text, call.span), *(_way(call, calling) or ()))
    straight = len(path) <= _SURE and not _is_one_of_several(function, call)
    removes = all(w.route.startswith("DELETE ") for w in ways)
    alone = _holds_the_loop(project, function, path[-1])
    missed = Detours(project, burden.RULE).have(step.span for step in path)
    little = not straight or removes or alone or missed or is_seldom(project, ways)
    return draft(
        RULE,
        Span(call.span.file, call.span.line, function.span.symbol, call.span.end_line),
        {w.route for w in ways},
        message=f"{mark.fact('session')} holds a connection since line {mark.fact('first')} while {path[-1].text} answers",
        impact="under load the pool waits as long as the other service does, and transactions stay open",
        solution="call first and read afterwards, or end the transaction before the call: your choice",
        known="static",
        severity="note" if little else None,
        confidence=round(max(0.7 - 0.08 * (len(path) - 1), 0.4), 2),
        chain=(*ways[0].chain, *path),
        facts={"function": function.id},
    )


def _holds_the_loop(project: Project, function: Function, last: Step) -> bool:
    """Whether the loop itself waits for the other service: then no second request comes to a connection meanwhile."""
    if not function.is_async:
        return False
    asking = function_at(project, last.span)
    calls = asking.calls if asking is not None and not (asking.off_loop or function.off_loop) else ()
    return any(c.span == last.span and c.text == last.text and not (c.awaited or c.off_loop) for c in calls)


_CLIENT = """
import httpx


def answer(request):
    return httpx.Response(200, json={"rate": 2})


async def rate():
    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        return (await client.get("http://rates.test/eur")).json()["rate"]


"""

EXAMPLES = (
    Example(
        "the call to the other service is handed to a task",
        shop("""
import asyncio

import httpx

RUNNING = set()


async def tell(number):
    async with httpx.AsyncClient(timeout=5) as client:
        await client.post("https://hooks.example/", json={"order": number})


@app.post("/orders/{order_id}/sent")
async def mark_sent(order_id: int, session: AsyncSession = Depends(get_async_session)):
    order = await session.get(Order, order_id)
    task = asyncio.create_task(tell(order.number))
    RUNNING.add(task)
    return {"number": order.number}
"""),
        bad=False,
    ),
    Example(
        "read, then call a helper that calls, by the source alone",
        shop("""
import httpx


async def rate():
    async with httpx.AsyncClient() as client:
        return (await client.get("https://rates.test/eur")).json()["rate"]


@app.get("/orders/{order_id}")
async def read_price(order_id: int, session: AsyncSession = Depends(get_async_session)):
    order = await session.get(Order, order_id)
    return {"number": order.number, "rate": await rate()}
"""),
        bad=True,
    ),
    Example(
        "what the caller passes keeps it from asking, by the source alone",
        shop("""
import httpx


async def rate(known: float | None = None, tries: int = 3):
    if known is None and tries:
        return await rate(tries=tries - 1)
    if known is None:
        async with httpx.AsyncClient() as client:
            return (await client.get("https://rates.test/eur")).json()["rate"]
    return known


@app.get("/orders/{order_id}")
async def read_price(order_id: int, session: AsyncSession = Depends(get_async_session)):
    order = await session.get(Order, order_id)
    return {"number": order.number, "rate": await rate(1.5)}
"""),
        bad=False,
    ),
    Example(
        "the transaction is ended before the call, or not begun, by the source alone",
        shop("""
import httpx


async def rate():
    async with httpx.AsyncClient() as client:
        return (await client.get("https://rates.test/eur")).json()["rate"]


@app.get("/orders/{order_id}")
async def read_price(order_id: int, session: AsyncSession = Depends(get_async_session)):
    number = (await session.get(Order, order_id)).number
    await session.rollback()
    return {"number": number, "rate": await rate()}


@app.get("/rated/{order_id}")
async def read_rated(order_id: int, session: AsyncSession = Depends(get_async_session)):
    current = await rate()
    order = await session.get(Order, order_id)
    return {"number": order.number, "rate": current}
"""),
        bad=False,
    ),
    Example(
        "asks the other service for what is not known yet: a note",
        shop("""
import httpx


@app.get("/customers/{name}")
async def read_customer(name: str, session: AsyncSession = Depends(get_async_session)):
    customer = await session.scalar(select(Customer).where(Customer.name == name))
    if customer is None:
        async with httpx.AsyncClient(timeout=5) as client:
            customer = (await client.get(f"https://customers.test/{name}")).json()
    return {"name": customer.name}
"""),
        bad=True,
    ),
    Example(
        "the event loop waits for it, one request at a time: a note",
        shop("""
import requests


@app.get("/orders/{order_id}")
async def read_price(order_id: int, session: AsyncSession = Depends(get_async_session)):
    order = await session.get(Order, order_id)
    return {"number": order.number, "rate": requests.get("https://rates.test/eur", timeout=5).json()}
"""),
        bad=True,
    ),
    Example(
        "read, then call",
        shop(
            _CLIENT
            + """
@app.get("/orders/{order_id}")
async def read_price(order_id: int, session: AsyncSession = Depends(get_async_session)):
    order = await session.get(Order, order_id)
    return {"number": order.number, "rate": await rate()}
"""
        ),
        get("/orders/1"),
        bad=True,
    ),
    Example(
        "call, then read",
        shop(
            _CLIENT
            + """
@app.get("/orders/{order_id}")
async def read_price(order_id: int, session: AsyncSession = Depends(get_async_session)):
    current = await rate()
    order = await session.get(Order, order_id)
    return {"number": order.number, "rate": current}
"""
        ),
        get("/orders/1"),
        bad=False,
    ),
)
