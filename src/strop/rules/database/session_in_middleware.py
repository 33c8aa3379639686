"""A middleware opens a session of its own for each request.

**What.** `SessionLocal()` in the `dispatch` of a middleware, or in what it calls, while the routes behind it open
another by their dependency.

**Why it costs.** Two connections and two logins of the pool for one request; when the middleware holds its session
around `call_next`, requests that hold one each wait for the second and nobody goes on.

**How it is found.** Sessions that are made in functions which a middleware of the application runs.

**How to fix it.** One session a request: opened once, kept in `request.state`, used by both; or answer from a cache
what the middleware asks each time (a token, a role).

**When it is no problem.** A middleware that asks only for a few paths, and closes before it goes on; a helper that
only adds a row, such as a log's.

**Sources.** SQLAlchemy, "Session FAQ: when do I make a Session":
https://docs.sqlalchemy.org/en/20/orm/session_basics.html#session-faq-whentocreate
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.asking import asks, changes
from strop.rules.code import function_id
from strop.rules.database.session_not_closed import makes
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import shop
from strop.rules.sessions import WORDS as SESSION_WORDS

RULE = Rule(
    "DB022",
    "session-in-middleware",
    "database",
    "warning",
    "A middleware opens a session of its own",
    static=True,
)
WORDS = SESSION_WORDS | frozenset({"SessionLocal", "sessionmaker"})


def notice(body: Body) -> Iterator[Mark]:
    """Sessions that a function makes."""
    for call in body.of(ast.Call):
        if makes(body, call):
            if not _is_shared(body, call):
                yield body.mark(RULE.code, call)
            return


def _is_shared(body: Body, call: ast.Call) -> bool:
    """Whether the session is put where the request's own code finds it: `request.state.db = session`."""
    above = body.parent(call)
    names: set[str] = set()
    if isinstance(above, ast.withitem) and isinstance(above.optional_vars, ast.Name):
        names = {above.optional_vars.id}
    if isinstance(above, ast.Assign):
        names = {t.id for t in above.targets if isinstance(t, ast.Name)}
    for assign in body.of(ast.Assign):
        stored = any(isinstance(t, ast.Attribute | ast.Subscript) for t in assign.targets)
        own = assign.value is call or (isinstance(assign.value, ast.Name) and assign.value.id in names)
        if stored and own:
            return True
    return any(
        isinstance(given, ast.Name) and given.id in names
        for handed in body.of(ast.Call)
        for given in handed.args
        if isinstance(handed.func, ast.Name | ast.Attribute)
        and ast.unparse(handed.func).endswith((".set", "setattr"))
    )


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each function that makes one."""
    layers = {}
    for layer in project.imported.middleware:
        base = function_id(layer.name, layer.span)
        for name in (base, f"{base}.dispatch", f"{base}.__call__"):
            if name in project.source.functions:
                layers[name] = layer.name.partition(":")[2]
    direct = dict(layers)
    for name, layer_name in layers.items():  # its own methods and helpers, one call away
        for call in project.source.functions[name].calls:
            if call.target and not call.once and not call.background:
                direct.setdefault(call.target, layer_name)
    for mark in project.source.marks.get(RULE.code, ()):
        if mark.function in direct and not (mark.function not in layers and _only_writes(project, mark)):
            routes = {w.route for w in project.reaches.get(mark.function, ()) if w.route}
            yield draft(
                RULE,
                mark.span,
                routes,
                message=f"{direct[mark.function]} opens a session of its own for each request",
                impact="a second connection for each request, on top of the one that its dependencies take",
                solution="open one session a request and share it by request.state, or keep what is asked in a cache",
                known="static",
                confidence=0.75,
                facts={"function": mark.function},
            )


def _only_writes(project: Project, mark: Mark) -> bool:
    """Whether a function adds rows and asks for none: nothing of that could be kept, or be shared with the request."""
    function = project.source.functions.get(mark.function)
    if function is None or "call_next" in function.parameters:
        return False
    adds = any(call.name.rpartition(".")[2] in ("add", "add_all") for call in function.calls)
    return adds and not any(asks(call) and not changes(call) for call in function.calls)


_LOCAL = """
from fastapi import Request
from sqlalchemy.orm import sessionmaker

SessionLocal = sessionmaker(bind=engine)
"""

EXAMPLES = (
    Example(
        "a customer for each request",
        shop(
            _LOCAL
            + """

@app.middleware("http")
async def find_customer(request: Request, call_next):
    with SessionLocal() as session:
        request.state.customer = session.get(Customer, 1).name
    return await call_next(request)


@app.get("/orders/{order_id}")
def read_order(order_id: int, session: Session = Depends(get_session)):
    return {"number": session.get(Order, order_id).number}
"""
        ),
        bad=True,
    ),
    Example(
        "a helper that writes a row of a log after the answer",
        shop(
            _LOCAL
            + """
import asyncio


class Visit(Base):
    __tablename__ = "visits"
    id: Mapped[int] = mapped_column(primary_key=True)
    path: Mapped[str]


def write_visit(path: str) -> None:
    session = SessionLocal()
    try:
        session.add(Visit(path=path))
        session.commit()
    finally:
        session.close()


@app.middleware("http")
async def note_visit(request: Request, call_next):
    answer = await call_next(request)
    asyncio.get_running_loop().run_in_executor(None, write_visit, request.url.path)
    return answer
"""
        ),
        bad=False,
    ),
    Example(
        "a helper that asks",
        shop(
            _LOCAL
            + """
def name_of(customer_id: int) -> str:
    with SessionLocal() as session:
        return session.get(Customer, customer_id).name


@app.middleware("http")
async def find_customer(request: Request, call_next):
    request.state.customer = name_of(1)
    return await call_next(request)
"""
        ),
        bad=True,
    ),
    Example(
        "one session that the middleware is not concerned with",
        shop(
            _LOCAL
            + """

@app.middleware("http")
async def name_it(request: Request, call_next):
    answer = await call_next(request)
    answer.headers["x-shop"] = "shop"
    return answer


@app.get("/orders/{order_id}")
def read_order(order_id: int, session: Session = Depends(get_session)):
    return {"number": session.get(Order, order_id).number}
"""
        ),
        bad=False,
        mends="a customer for each request",
    ),
)
