"""A database connection is held while another service is asked.

**What.** A handler reads from the database, then calls another service, and only afterwards gives the
connection back: it lies idle for as long as the other service takes.

**Why it costs.** The pool has a handful of connections. When the other service is slow, all of them wait with
it, and requests that only want the database wait for a connection.

**How it is found.** Outbound calls that were made while a connection of the pool was checked out.

**How to fix it.** Call first and read afterwards, or end the transaction (`commit`, `close`) before the call.
Then what was read can have changed after the call: it is your choice.

**When it is no problem.** A call that comes before the first statement holds nothing; a call that must be in
the same transaction (rare: it can't be rolled back anyway).

**Sources.** SQLAlchemy, "When do I construct a Session, when do I commit it, and when do I close it?":
https://docs.sqlalchemy.org/en/20/orm/session_basics.html
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from urllib.parse import urlsplit

from strop.evidence import Evidence, Exchange, Outbound
from strop.finding import Cost, Finding
from strop.project.project import Project
from strop.rules.code import function_at, steps
from strop.rules.draft import draft
from strop.rules.example import Example, get
from strop.rules.rule import Rule
from strop.rules.sample import shop
from strop.rules.wording import number, time
from strop.span import Span

RULE = Rule("DB010", "connection-held", "database", "warning", "A connection is held during an outbound call")


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each line that calls out with a connection in hand."""
    found: dict[Span, list[tuple[Exchange, Outbound]]] = defaultdict(list)
    for exchange in evidence.exchanges if evidence is not None else ():
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
