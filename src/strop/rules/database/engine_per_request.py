"""A database engine, with a pool of its own, for each request.

**What.** `create_engine(...)` in a handler, a dependency, or a helper that they call.

**Why it costs.** Each request opens new connections (a login each) into a pool that nobody shares and that is
left to the garbage collector; under load the server runs out of connections.

**How it is found.** Calls that make an engine, in functions that a route reaches; what is memoised, done once
behind a filled global, or done at start-up is left alone.

**How to fix it.** One engine a process: a module global, `lru_cache`, or the lifespan; sessions from it.

**When it is no problem.** An engine that is made once and kept. A check of a database that the request names (a
connection test, a backup) with `NullPool`, disposed at once: such a route is called by hand. A client (of MongoDB, say)
that is closed in the function that makes it is a note: nothing stays open.

**Sources.** SQLAlchemy, "Working with Engines and Connections":
https://docs.sqlalchemy.org/en/20/core/connections.html
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.function import Call, Function
from strop.project.functions import library
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.spelling import targets_of
from strop.regex import regex
from strop.rules.code import reaches
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.seldom import is_seldom
from strop.span import Span, Step

RULE = Rule(
    "DB012", "engine-per-request", "database", "error", "A database engine for each request", static=True
)

WORDS = frozenset({"engine", "create_engine", "create_async_engine", "pool", "create_pool", "client"})
MAKERS = frozenset(
    {
        "sqlalchemy.create_engine",
        "sqlalchemy.ext.asyncio.create_async_engine",
        "asyncpg.create_pool",
        "psycopg_pool.ConnectionPool",
        "psycopg_pool.AsyncConnectionPool",
        "motor.motor_asyncio.AsyncIOMotorClient",
        "pymongo.MongoClient",
        "pymongo.AsyncMongoClient",
    }
)

_CLOSE = regex(r"\.a?close\b")


def notice(body: Body) -> Iterator[Mark]:
    """Calls whose engine is kept: on an object, in a mapping, in a global."""
    for call in body.of(ast.Call):
        above = body.parent(call)
        if isinstance(above, ast.Await | ast.IfExp | ast.BoolOp | ast.NamedExpr):
            above = body.parent(above)
        if isinstance(above, ast.Assign | ast.AnnAssign) and _is_kept(body, above):
            yield body.mark(RULE.code, call, kind="kept")


def _is_kept(body: Body, statement: ast.Assign | ast.AnnAssign) -> bool:
    targets = targets_of(statement)
    names = {t.id for t in targets if isinstance(t, ast.Name)}
    if any(isinstance(t, ast.Attribute | ast.Subscript) for t in targets):
        return True
    if names & body.scope.outer:
        return True
    stores = (a for a in body.of(ast.Assign) if a is not statement and isinstance(a.value, ast.Name))
    return any(
        isinstance(a.value, ast.Name)
        and a.value.id in names
        and any(isinstance(t, ast.Attribute | ast.Subscript) for t in a.targets)
        for a in stores
    )


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each line that makes an engine for a request."""
    libraries = sorted({library(name) for name in MAKERS})
    making = [f for f in project.source.functions.doing(*libraries) if any(c.name in MAKERS for c in f.calls)]
    if not making:
        return
    kept = {(m.span.file, m.span.line) for m in project.source.marks.get(RULE.code, ())}
    for function in making:
        callers = project.source.functions.callers(function.id)
        if function.memoised or (callers and all(_keeps(*each, kept) for each in callers)):
            continue
        for call in function.calls:
            place = (call.span.file, call.span.line)
            if call.name in MAKERS and not call.once and place not in kept:
                yield from _judge(project, function, call)


def _keeps(caller: Function, call: Call, kept: set[tuple[str, int]]) -> bool:
    """Whether a caller keeps what it gets."""
    return (call.span.file, call.span.line) in kept or call.once or caller.memoised


def _judge(project: Project, function: Function, call: Call) -> Iterator[Finding]:
    ways = reaches(project, function.id, ("loop", "thread"))
    if not ways or "NullPool" in call.text or "StaticPool" in call.text:
        return
    if any(other.name.rpartition(".")[2] == "dispose" for other in function.calls):
        return  # made for one use on purpose
    yield draft(
        RULE,
        Span(call.span.file, call.span.line, function.span.symbol, call.span.end_line),
        {w.route for w in ways},
        message=f"{call.name.rpartition('.')[2]}() in {function.span.symbol} makes a pool of connections for each request",
        impact="a login for each request, and connections that stay open until they are collected",
        solution="make it once for the process, and take sessions from it",
        known="static",
        severity="note" if is_seldom(project, ways) or _closes(function, call) else None,
        confidence=0.85,
        chain=(*ways[0].chain, Step(call.text, call.span)),
        facts={"name": call.name, "function": function.id},
    )


def _closes(function: Function, call: Call) -> bool:
    """Whether the function closes the client that it makes, in a thread too: nothing stays open. An engine has no `close`."""
    return not call.name.startswith("sqlalchemy.") and any(_CLOSE.search(c.text) for c in function.calls)


_QUERY = """
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session
"""

EXAMPLES = (
    Example(
        "a client that is closed where it is made: a note",
        plain("""
import asyncio

from pymongo import MongoClient


@app.get("/health")
async def health():
    client = await asyncio.to_thread(MongoClient, "mongodb://beds")
    try:
        await asyncio.to_thread(client.admin.command, "ping")
    finally:
        await asyncio.to_thread(client.close)
    return {"ok": True}
"""),
        bad=True,
    ),
    Example(
        "made once and asked for by hasattr",
        plain("""
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker


class Shop:
    @property
    def sessions(self):
        if hasattr(self, "_sessions"):
            return self._sessions
        self._sessions = sessionmaker(bind=create_engine("sqlite:///shop.db"))
        return self._sessions


shop = Shop()


@app.get("/seeds")
def read_seeds():
    with shop.sessions() as session:
        return session.scalar("select 1")
"""),
    ),
    Example(
        "in a helper of the dependency",
        plain(
            _QUERY
            + """

def build_engine():
    return create_engine("postgresql://shop:shop@db/shop")


def get_session():
    with Session(build_engine()) as session:
        yield session


@app.get("/orders")
def list_orders(session: Session = Depends(get_session)):
    return session.execute(text("SELECT number FROM orders LIMIT 20")).scalars().all()
"""
        ),
        bad=True,
    ),
    Example(
        "one for the process",
        plain(
            _QUERY
            + """
engine = create_engine("postgresql://shop:shop@db/shop")


def get_session():
    with Session(engine) as session:
        yield session


@app.get("/orders")
def list_orders(session: Session = Depends(get_session)):
    return session.execute(text("SELECT number FROM orders LIMIT 20")).scalars().all()
"""
        ),
        bad=False,
        mends="in a helper of the dependency",
    ),
    Example(
        "made when first wanted, and kept",
        plain(
            _QUERY
            + """
_engine = None


def get_engine():
    global _engine
    if _engine is None:
        _engine = create_engine("postgresql://shop:shop@db/shop")
    return _engine


@lru_cache
def reading_engine():
    return create_engine("postgresql://shop:shop@replica/shop")


@app.get("/orders")
def list_orders():
    with Session(get_engine()) as session, Session(reading_engine()) as reading:
        return [session.scalar(text("SELECT 1")), reading.scalar(text("SELECT 1"))]
"""
        ),
        bad=False,
    ),
)
