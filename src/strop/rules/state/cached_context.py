"""A cache keeps what belongs to one request, tenant or moment of the database.

**What.** `lru_cache` or `cache` stands on a function that reads the database, a context variable or the request,
while its arguments don't say whose answer it is.

**Why it costs.** The first answer is given to everybody and for ever: one tenant sees another's limits, a changed
row is never read again, and each worker remembers something else. A cached session or request stays in memory and
is used after it was closed.

**How it is found.** A memoised function, reached from a route, that has no arguments and reads a context variable or
executes statements, in itself or in what it calls; or that takes a session or a request as argument.

**How to fix it.** A cache with a key that names the tenant and with a lifetime, cleared where the data is changed;
or no cache: an indexed look-up costs less than a wrong answer.

**When it is no problem.** Settings, templates and compiled patterns are not read from the database and not
reported. A cache with a lifetime (`ttl`) and rows that are looked up by a key are left
alone. A note where nothing else in the project speaks of the table that is read: what an installation has got once.

**Sources.** Python, "functools.lru_cache": https://docs.python.org/3/library/functools.html#functools.lru_cache ;
https://github.com/fastapi/fastapi/issues/592
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.effects import effects, with_called
from strop.project.function import Effect, Function
from strop.project.mark import Mark
from strop.project.project import Project
from strop.regex import regex
from strop.rules.code import reaches
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain, shop
from strop.rules.way import way_down
from strop.span import Span, Step

RULE = Rule(
    "STA003", "cached-context", "state", "error", "A cache mixes requests, tenants or moments", static=True
)
WORDS = ("lru_cache", "cache", "alru_cache", "get")

_NAME = regex(r"[^\W\d]\w*")
_REQUEST = frozenset(
    {"Session", "AsyncSession", "Request", "WebSocket", "HTTPConnection", "Connection", "AsyncConnection"}
)


def notice(body: Body) -> Iterator[Mark]:
    """Functions that read a context variable, and memoised functions that take what belongs to a request."""
    for call in body.calls("get"):
        if body.name(call.func) == "contextvars.ContextVar.get":
            yield body.mark(RULE.code, call, context=body.brief(call.func, 60).removesuffix(".get"))
    node = body.function
    if node is None or not any(
        d.rpartition(".")[2] in ("lru_cache", "cache", "alru_cache") for d in body.decorators()
    ):
        return
    arguments = [*node.node.args.posonlyargs, *node.node.args.args, *node.node.args.kwonlyargs]
    ends = any(
        k.arg == "ttl" for d in node.node.decorator_list if isinstance(d, ast.Call) for k in d.keywords
    )
    if not [a for a in arguments if a.arg not in ("self", "cls")] and not ends:
        yield body.mark(RULE.code, node.node.decorator_list[0], keyless=True)
    for argument in arguments:
        ref = body.types.annotation(argument.annotation, body.scope)
        if ref is not None and ref.name.rpartition(".")[2] in _REQUEST:
            yield body.mark(RULE.code, argument, takes=argument.arg, type=ref.name.rpartition(".")[2])


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each such cache."""
    marks = project.source.marks.get(RULE.code, ())
    reading = {m.function: m for m in marks if m.fact("context")}
    taking = {m.function: m for m in marks if m.fact("takes")}
    keyless = {m.function for m in marks if m.fact("keyless")}
    memoised = project.source.functions.doing("memoised")
    does = effects(with_called(project.source.functions, memoised))
    for function in memoised:
        ways = reaches(project, function.id, ("once", "loop", "thread", "background"))
        if not ways:
            continue
        found = _cause(project, function, reading, taking, does, function.id in keyless)
        if found is not None:
            message, below = found
            yield draft(
                RULE,
                Span(function.span.file, function.span.line, function.span.symbol),
                {w.route for w in ways},
                message=message,
                impact="the first answer is given to every later request of this worker, whoever asks and whatever has changed",
                solution="key the cache by tenant or user and give it a lifetime, or drop it",
                known="static",
                confidence=0.8,
                chain=(*ways[0].chain, *below),
                facts={"function": function.id},
                severity="note" if below and _is_of_installation(project, below[-1]) else None,
            )


def _cause(
    project: Project,
    function: Function,
    reading: dict[str, Mark],
    taking: dict[str, Mark],
    does: dict[str, tuple[tuple[Effect, tuple[Step, ...]], ...]],
    keyless: bool,
) -> tuple[str, tuple[Step, ...]] | None:
    name = function.span.symbol
    if function.id in taking:
        mark = taking[function.id]
        return (
            f"{name} is cached by {mark.fact('takes')}, a {mark.fact('type')} that lives for one request",
            (),
        )
    for effect, chain in does.get(function.id, ()) if keyless else ():
        if effect.kind == "queries":
            return (
                f"{name} is cached for the life of the process, and what it gives is read from the database",
                chain,
            )
    lower = way_down(project, function.id, reading) if keyless else None
    if lower is None:
        return None
    mark = reading[lower[0]]
    step = Step(f"{mark.fact('context')}.get()", mark.span)
    return f"{name} is cached, and what it gives depends on the context variable {mark.fact('context')}", (
        *lower[1],
        step,
    )


def _is_of_installation(project: Project, read: Step) -> bool:
    """Whether a query is of a table that no other call and no other class of the project names: nobody writes it."""
    modules = {t.model.rpartition(":")[2].rpartition(".")[2] for t in project.imported.tables}
    named = sorted(modules & set(_NAME.findall(read.text)))
    if len(named) != 1:
        return False
    mentions = {
        call.span
        for function in project.source.functions.values()
        for call in function.calls
        if named[0] in _NAME.findall(call.text)
    }
    members = (m for c in project.source.classes.values() for m in c.members)
    held = any(named[0] in _NAME.findall(f"{m.annotation} {m.value}") for m in members)
    return not held and all(span.file == read.span.file and span.line == read.span.line for span in mentions)


EXAMPLES = (
    Example(
        "whether there are limits, of the first tenant",
        plain("""
from contextvars import ContextVar

tenant: ContextVar[str] = ContextVar("tenant", default="public")


@lru_cache
def limit() -> int:
    return 10 if tenant.get() == "public" else 100


@app.get("/limit")
def read_limit():
    return limit()
"""),
        bad=True,
    ),
    Example(
        "rows of the database",
        shop("""
from functools import lru_cache


@lru_cache
def names():
    with Session(engine) as session:
        return list(session.scalars(select(Customer.name)))


@app.get("/names")
def read_names():
    return names()
"""),
        bad=True,
    ),
    Example(
        "a session as the key",
        shop("""
from functools import lru_cache


@lru_cache
def customer(session: Session, customer_id: int):
    return session.get(Customer, customer_id)


@app.get("/customers/{customer_id}")
def read_customer(customer_id: int, session: Session = Depends(get_session)):
    return customer(session, customer_id).name
"""),
        bad=True,
    ),
    Example(
        "the tenant is the key",
        plain("""
from contextvars import ContextVar

tenant: ContextVar[str] = ContextVar("tenant", default="public")


@lru_cache(maxsize=1000)
def limit(of: str) -> int:
    return 10 if of == "public" else 100


@app.get("/limit")
def read_limit():
    return limit(tenant.get())
"""),
        bad=False,
        mends="whether there are limits, of the first tenant",
    ),
    Example(
        "settings, once",
        plain("""
import os


@lru_cache
def settings():
    return {"limit": int(os.environ.get("LIMIT", "10"))}


@app.get("/limit")
def read_limit():
    return settings()["limit"]
"""),
        bad=False,
    ),
    Example(
        "a row that no code writes: a note",
        shop("""
from functools import lru_cache


class Installation(Base):
    __tablename__ = "installation"
    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str]


def read_key(session: Session) -> str:
    return session.scalars(select(Installation)).one().key


@lru_cache
def key():
    with Session(engine) as session:
        return read_key(session)


@app.get("/key")
def show_key():
    return key()[:4]
"""),
        bad=True,
    ),
)
