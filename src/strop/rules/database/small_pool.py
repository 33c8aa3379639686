"""The connection pool is smaller than the thread pool that uses it.

**What.** `def` handlers run in up to 40 threads, and a synchronous engine at its defaults has 5 connections
and 10 more that are opened and closed each time. The 16th thread waits.

**Why it costs.** Under load threads wait for connections while holding a thread, so that requests which need
no database wait as well; connections above the pool's size are opened for one use (a login each).

**How it is found.** The engine's pool and the limit of the thread pool as the imported application has
them, and `def` handlers or dependencies that use the database.

**How to fix it.** `pool_size` as high as the threads that can want a connection, and `max_overflow=0`; keep
workers x pool below the server's `max_connections`.

**When it is no problem.** SQLite in memory, engines that only asynchronous code, start-up or a script uses, the
fallback of a function whose other engine has the size that the configuration gives, a server
whose connections are the scarce thing (then lower the thread limit instead).

**Sources.** SQLAlchemy, "Connection Pooling": https://docs.sqlalchemy.org/en/20/core/pooling.html ;
AnyIO, "Adjusting the default maximum worker thread count": https://anyio.readthedocs.io/en/stable/threads.html
"""

from __future__ import annotations

from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Cost, Finding
from strop.project.project import Project
from strop.project.table import Engine
from strop.rules.code import handler
from strop.rules.draft import draft
from strop.rules.example import Example, get
from strop.rules.rule import Rule
from strop.rules.sample import SHOP, shop
from strop.rules.served import phase_at
from strop.rules.wording import many, time
from strop.span import Span

RULE = Rule("DB009", "small-pool", "database", "warning", "Fewer connections than threads")

WAITED = 20_000  # us of waiting for a connection: a free one is handed out in 100, a few ms where it is tried first
_POOLS = ("QueuePool", "AsyncAdaptedQueuePool")


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for the synchronous engines of a place that threads outnumber."""
    limit = project.imported.thread_limit
    for engines in _alternatives(project, evidence):
        if not all(_is_short(engine, limit) for engine in engines):
            continue
        routes = _threaded(project, evidence)
        engine = engines[0]
        place = (engine.span or _any_handler(project, routes)) if routes else None
        if place is not None and (evidence is not None or _is_shared(project, engine, place)):
            yield _finding(evidence, engines, place, routes, limit)


def _alternatives(project: Project, evidence: Evidence | None) -> list[list[Engine]]:
    """The engines, together those of which one function makes one: by dialect, or where the first fails."""
    found: dict[object, list[Engine]] = {}
    for position, engine in enumerate(project.imported.engines):
        span = engine.span
        together = evidence is None and span is not None and span.symbol
        found.setdefault((span.file, span.symbol) if span and together else position, []).append(engine)
    return list(found.values())


def _is_short(engine: Engine, limit: int) -> bool:
    """Whether threads outnumber its connections."""
    most = engine.pool_size + engine.max_overflow
    pooled = not engine.is_async and engine.pool in _POOLS
    return pooled and engine.pool_size > 0 and engine.max_overflow >= 0 and most < limit


def _is_shared(project: Project, engine: Engine, place: Span) -> bool:
    """Whether requests share the pool: not that of a function that makes it for itself, or anew for each of them."""
    maker = f"{place.file}:{place.symbol}"
    ways = project.reaches.get(maker, ())
    if maker in project.source.functions and not ways:
        return False  # a script's
    return engine.kept and not any(way.route and way.context in ("loop", "thread") for way in ways)


def _threaded(project: Project, evidence: Evidence | None) -> set[str]:
    """Routes that use a synchronous database from a thread."""
    found: set[str] = set()
    for exchange in evidence.exchanges if evidence is not None else ():
        for query in exchange.queries:
            phase = phase_at(exchange, query.start)
            if not query.on_loop and phase is not None and phase.thread and exchange.route:
                found.add(exchange.route)
    return found or _threaded_by_source(project)


def _threaded_by_source(project: Project) -> set[str]:
    found: set[str] = set()
    for function in project.source.functions.doing("queries"):
        if any(c.effect is not None and c.effect.kind == "queries" and not c.awaited for c in function.calls):
            found |= {
                r.route for r in project.reaches.get(function.id, ()) if r.context == "thread" and r.route
            }
    return found


def _any_handler(project: Project, routes: set[str]) -> Span | None:
    """A place to show where the engine's own is not known; None when no thread uses it."""
    served = (handler(project, r) for r in project.imported.routes if r.key in routes)
    return next((f.span for f in served if f is not None), None)


def _finding(
    evidence: Evidence | None, engines: list[Engine], place: Span, routes: set[str], limit: int
) -> Finding:
    engine = engines[0]
    most = engine.pool_size + engine.max_overflow
    waits = [
        p.wait
        for e in (evidence.exchanges if evidence is not None else ())
        for p in e.pool
        if e.route in routes and p.wait >= WAITED and not p.connected
    ]
    waited = f"; {many(len(waits), 'wait')} of {time(sum(waits) / len(waits))} in the run" if waits else ""
    served = engine.dialect != "sqlite"  # a file takes any number of connections
    fits = f", as long as workers x {limit} fit into the server's limit" if served else ""
    return draft(
        RULE,
        place,
        routes,
        message=f"{limit} threads share {most} connections ({engine.pool_size} kept, "
        f"{engine.max_overflow} opened when needed)",
        impact=f"from {most + 1} requests at a time on, threads wait for a connection{waited}",
        solution=f"pool_size={limit}, max_overflow=0{fits}",
        known="measured" if waits else "static",
        severity="note" if evidence is None else None,
        confidence=0.7,
        cost=Cost(total=float(sum(waits))),
        places=[other.span for other in engines[1:] if other.span is not None],
        facts={
            "engine": engine.url,
            "pool_size": engine.pool_size,
            "max_overflow": engine.max_overflow,
            "thread_limit": limit,
        },
    )


EXAMPLES = (
    Example(
        "the default pool under def handlers",
        shop("""
@app.get("/orders/{order_id}")
def read_order(order_id: int, session: Session = Depends(get_session)):
    return session.get(Order, order_id).number
"""),
        get("/orders/1"),
        bad=True,
    ),
    Example(
        "a pool for every thread",
        {
            "main.py": SHOP.replace('shop.db")\nasync', 'shop.db", pool_size=40, max_overflow=0)\nasync')
            + """
@app.get("/orders/{order_id}")
def read_order(order_id: int, session: Session = Depends(get_session)):
    return session.get(Order, order_id).number
"""
        },
        get("/orders/1"),
        bad=False,
    ),
    Example(
        "an engine of a check's own, which no request shares",
        {
            "main.py": SHOP.replace('shop.db")\nasync', 'shop.db", pool_size=40, max_overflow=0)\nasync')
            + """
def is_reachable():
    probe = create_engine("sqlite:///shop.db")
    with probe.connect():
        return True


is_reachable()


@app.get("/orders/{order_id}")
def read_order(order_id: int, session: Session = Depends(get_session)):
    return session.get(Order, order_id).number
"""
        },
        bad=False,
    ),
    Example(
        "only asynchronous code asks the database",
        shop("""
@app.get("/orders/{order_id}")
async def read_order(order_id: int, session: AsyncSession = Depends(get_async_session)):
    return (await session.get(Order, order_id)).number
"""),
        get("/orders/1"),
        bad=False,
    ),
    Example(
        "the fallback of an engine whose size is configured",
        {
            "main.py": """\
import os

from fastapi import Depends, FastAPI
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session


def make_engine():
    if url := os.environ.get("DATABASE_URL"):
        return create_engine(url, pool_size=int(os.environ["POOL_SIZE"]), max_overflow=0)
    return create_engine("sqlite:///shop.db")


engine = make_engine()
app = FastAPI()


def get_session():
    with Session(engine) as session:
        yield session


@app.get("/orders/{order_id}")
def read_order(order_id: int, session: Session = Depends(get_session)):
    return session.scalar(text("select number from orders limit 1"))
"""
        },
        bad=False,
    ),
)
