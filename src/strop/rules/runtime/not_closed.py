"""A session or subscription is opened in a function and never closed.

**What.** A database session, a Redis subscription or a connection is made and kept in a local name, and the function ends
without closing it or giving it to anybody.

**Why it costs.** The connection goes back when the garbage collector comes round, and after an exception the traceback
keeps it longer. Under load the pool is empty; in a loop that reconnects, each round leaves a connection behind until the
server refuses new ones.

**How it is found.** A name that is assigned such an object, in a function that neither enters it with `with`, closes
it, returns it, yields it, nor stores it.

**How to fix it.** `with SessionLocal() as session:`, `async with client.pubsub() as pubsub:`, or `try` with `close()` in
`finally`.

**When it is no problem.** Commands and scripts, which end with it; a note where no request is seen to reach it, and where the
last that is done with a session is its commit, which gives the connection back. What is returned, stored or handed to a dependency belongs to somebody else.

**Sources.** SQLAlchemy, "Session Basics": https://docs.sqlalchemy.org/en/20/orm/session_basics.html#closing ;
redis-py, "Pub/Sub": https://redis.readthedocs.io/en/stable/advanced_features.html#publish-subscribe
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.regex import regex
from strop.rules.closing import is_closed_by
from strop.rules.code import reaches
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.givenback import commits_below, gives_back, last_use
from strop.rules.rule import Rule
from strop.rules.sample import shop
from strop.span import Step

RULE = Rule("RUN008", "not-closed", "runtime", "warning", "Opened and never closed", static=True)

_COMMANDS = frozenset({"command", "group", "callback"})
_SCRIPT = regex(
    r"(^|/)(cli|commands?|manage|management|scripts?|seeds?|bin|dev|tools|backfills?|alembic)(/|\.py$|_)"
)
_OPENED = frozenset({"Session", "AsyncSession", "PubSub", "Connection", "AsyncConnection"})
_LIBRARIES = ("sqlalchemy.", "sqlmodel.", "redis.", "psycopg.", "asyncpg.")
_CLOSES = frozenset(
    {"close", "aclose", "reset", "remove", "expunge_all", "__exit__", "__aexit__", "dispose", "disconnect"}
)


def notice(body: Body) -> Iterator[Mark]:
    """Names that are assigned what has to be closed, and nothing closes or takes them."""
    for node in body.of(ast.Assign):
        call: ast.expr = node.value.value if isinstance(node.value, ast.Await) else node.value
        name = node.targets[0]
        if not isinstance(name, ast.Name) or not isinstance(call, ast.Call) or name.id in body.scope.outer:
            continue
        kind = _kind(body, call)
        if kind and not _is_taken(body, {name.id}):
            yield body.mark(
                RULE.code,
                node,
                name=name.id,
                kind=kind,
                text=body.brief(call, 60),
                loop=bool(body.loop(node)),
                given_back=gives_back(body, name.id),
                last=last_use(body, name.id),
            )


def _kind(body: Body, call: ast.Call) -> str:
    """Session, PubSub ... where the call makes a new one."""
    made = body.instance(call)
    last = made.rpartition(".")[2]
    if isinstance(call.func, ast.Attribute) and call.func.attr == "pubsub" and not call.args:
        return "PubSub"
    if last not in _OPENED or not made.startswith(_LIBRARIES):
        return ""
    called = body.name(call.func)
    if (
        called in body.types.found.functions
    ):  # a function of the project: it makes one where it says so itself
        node = body.types.found.functions[called]
        return last if not node.is_generator and _makes(body, node.results) else ""
    given = [*call.args[:1], *(k.value for k in call.keywords if k.arg == "bind")]
    if any("conn" in ast.unparse(g) for g in given):
        return ""  # it lives on a connection that somebody else owns
    maker = body.instance(call.func).rpartition(".")[2]
    return last if called.rpartition(".")[2] == last or "sessionmaker" in maker else ""


def _makes(body: Body, results: list[ast.expr]) -> bool:
    """Whether a function returns what it has just constructed from a factory."""
    texts = [ast.unparse(r) for r in results]
    return bool(texts) and all(
        t.rstrip(")").endswith("(") and any(w in t.lower() for w in ("session", "factory")) for t in texts
    )


def _is_taken(body: Body, names: set[str]) -> bool:
    """Whether one of the names is closed, entered, returned, yielded, stored, or becomes a part of what is."""
    for use in [n for n in body.of(ast.Name) if n.id in names and isinstance(n.ctx, ast.Load)]:
        parent = body.parent(use)
        if is_closed_by(body, use):
            return True
        match parent:
            case ast.Attribute(attr=attr) if attr in _CLOSES:
                return True
            case (
                ast.withitem()
                | ast.Return()
                | ast.Yield()
                | ast.Tuple()
                | ast.List()
                | ast.Dict()
                | ast.Starred()
            ):
                return True
            case ast.Assign(targets=[target]) if not isinstance(target, ast.Name):
                return True
            case ast.Call(func=func) if any(
                w in ast.unparse(func)
                for w in ("clos", "dispose", "enter_", "append", "set", "push", "put", "callback")
            ):
                return True
        made = body.within(use, ast.Assign)
        if made is not None and isinstance(made.targets[0], ast.Name) and made.targets[0].id not in names:
            value = made.value
            whole = isinstance(value, ast.Name) or (isinstance(value, ast.Call) and _is_class(body, value))
            if whole and _is_returned(body, made.targets[0].id):
                return True
        given = body.within(use, ast.Return, ast.Yield, ast.Lambda) is not None
        if given and isinstance(parent, (ast.Call, ast.keyword)) and _returns_object(body, use):
            return True
    return any(
        isinstance(n, (ast.FunctionDef, ast.AsyncFunctionDef))
        for n in body.of(ast.FunctionDef, ast.AsyncFunctionDef)
    )


def _is_class(body: Body, call: ast.Call) -> bool:
    ref = body.ref(call.func)
    return ref is not None and ref.kind == "class"


def _is_returned(body: Body, name: str) -> bool:
    return any(
        isinstance(body.parent(n), (ast.Return, ast.Yield, ast.Tuple))
        or body.within(n, ast.Return) is not None
        for n in body.of(ast.Name)
        if n.id == name and isinstance(n.ctx, ast.Load)
    )


def _returns_object(body: Body, use: ast.Name) -> bool:
    """`return Repository(session)` hands it on; `return session.get(...)` does not."""
    call = body.within(use, ast.Call)
    return call is not None and _is_class(body, call)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each name."""
    for mark in project.source.marks.get(RULE.code, ()):
        ways = reaches(project, mark.function, ("loop", "thread", "background", "startup"))
        if not ways and _ends_with_it(project, mark):
            continue
        often = (
            "each round of the loop leaves one behind"
            if mark.fact("loop")
            else "it stays open until the garbage collector comes round"
        )
        serves = any(w.route or w.context == "background" for w in ways) or mark.fact("loop")
        returned = mark.fact("given_back") or commits_below(project, mark)
        yield draft(
            RULE,
            mark.span,
            {w.route for w in ways},
            message=f"nothing closes {mark.fact('name')}, a {mark.fact('kind')} from {mark.fact('text')}",
            impact=f"{often}; under load there are no connections left",
            solution="enter it with with (async with), or close it in finally",
            known="static",
            confidence=0.8 if ways else 0.7,
            chain=(*(ways[0].chain if ways else ()), Step(mark.fact("text"), mark.span)),
            facts={"name": mark.fact("name")},
            severity=None if serves and not returned else "note",
        )


def _ends_with_it(project: Project, mark: Mark) -> bool:
    """Whether the process ends with the function: a command of a command line, a script."""
    function = project.source.functions.get(mark.function)
    decorated = function is not None and any(d.rpartition(".")[2] in _COMMANDS for d in function.decorators)
    return decorated or mark.function.endswith(":<module>") or _SCRIPT.search(mark.span.file) is not None


EXAMPLES = (
    Example(
        "a job with a session of its own",
        shop("""
from sqlalchemy.orm import sessionmaker

SessionLocal = sessionmaker(engine)


@app.post("/recount")
def recount():
    session = SessionLocal()
    count = session.scalar(select(func.count(Order.id)))
    return count
"""),
        bad=True,
    ),
    Example(
        "the last that is done is its commit: a note",
        shop("""
from sqlalchemy.orm import sessionmaker

SessionLocal = sessionmaker(engine)


@app.post("/close")
def close_all():
    session = SessionLocal()
    for order in session.scalars(select(Order)):
        order.status = "closed"
    session.commit()
    return {}
"""),
        bad=True,
    ),
    Example(
        "a listener that subscribes anew after each failure",
        {
            "main.py": """\
import asyncio

import redis.asyncio as redis


async def listen(client: redis.Redis, handle):
    while True:
        try:
            pubsub = client.pubsub()
            await pubsub.subscribe("changes")
            async for message in pubsub.listen():
                await handle(message)
        except ConnectionError:
            await asyncio.sleep(1)
"""
        },
        bad=True,
    ),
    Example(
        "with",
        shop("""
from sqlalchemy.orm import sessionmaker

SessionLocal = sessionmaker(engine)


@app.post("/recount")
def recount():
    with SessionLocal() as session:
        return session.scalar(select(func.count(Order.id)))
"""),
        bad=False,
        mends="a job with a session of its own",
    ),
    Example(
        "closed in finally, returned, or part of what is returned",
        shop("""
from sqlalchemy.orm import sessionmaker

SessionLocal = sessionmaker(engine)


class Orders:
    def __init__(self, session):
        self.session = session


def open_orders():
    session = SessionLocal()
    orders = Orders(session)
    return orders


@app.post("/recount")
def recount():
    session = SessionLocal()
    try:
        return session.scalar(select(func.count(Order.id)))
    finally:
        session.close()
"""),
        bad=False,
    ),
    Example(
        "a function of the project closes it",
        shop("""
from sqlalchemy.orm import sessionmaker

SessionLocal = sessionmaker(engine)


def end(session: Session):
    session.close()


def tidy():
    session = None
    try:
        session = SessionLocal()
        session.execute(select(Customer))
    finally:
        end(session)


@app.post("/tidy")
def run_tidy():
    tidy()
"""),
        bad=False,
    ),
)
