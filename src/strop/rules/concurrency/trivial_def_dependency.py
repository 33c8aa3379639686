"""A `def` dependency that only computes: a trip to the thread pool for nothing.

**What.** FastAPI calls a dependency that is `def` in a thread. For one that only picks values out of the
request (a page, a language, a check of a flag) the trip costs far more than the work.

**Why it costs.** About 100 to 200 us for each such dependency of each request, and a place in a pool of 40
threads that requests with real work are waiting for.

**How it is found.** `def` dependencies of routes (and, by the source alone, `def` handlers of GET that take nothing: health
checks) whose body, through everything that it calls, is provably free
of waiting and of long computing: no library call that is not known to be harmless. The run tells what the
trip took.

**How to fix it.** `async def`: FastAPI then calls it in place.

By the source alone it is a note, unless twenty `async def` routes or more depend on it that wait for nothing else (a `def` route goes into a thread anyway, and
beside a question to a database the trip is hardly seen), or it is a health check of an application
of which twenty other handlers or more work in the same pool: the probe then waits behind them, and a busy worker is restarted as if it were dead.
Where no file beside the code has the service probed, twenty of them must ask other services, which may hold their threads for long.

**When it is no problem.** A dependency that asks a database, reads a file, calls out or computes belongs into a
thread and is not reported; nor is one that calls anything whose effect is not known.

**Sources.** FastAPI, "Concurrency and async / await", section "Dependencies":
https://fastapi.tiangolo.com/async/#dependencies
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from strop.evidence import Evidence, Phase
from strop.finding import Cost, Finding
from strop.project.function import Function
from strop.project.project import Project
from strop.project.route import Dependency
from strop.rules.beforehand import ask_first
from strop.rules.code import function_id, head
from strop.rules.draft import draft
from strop.rules.example import Example, get
from strop.rules.probed import is_probed, is_watched
from strop.rules.rule import Rule
from strop.rules.sample import plain, shop
from strop.rules.served import requests
from strop.rules.trivial import is_trivial
from strop.rules.wording import many, number, time

RULE = Rule("ASY004", "trivial-def-dependency", "async", "warning", "A thread hop for nothing")

_MANY = 20  # routes or handlers: for fewer it is hardly worth a change, or the pool is never full


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each dependency, with the routes that depend on it."""
    if evidence is None:
        yield from _idle_handlers(project)
    found: dict[str, list[tuple[str, Dependency]]] = defaultdict(list)
    for route in project.imported.routes:
        for dependency in route.dependencies:
            plain_function = not (dependency.is_async or dependency.is_class or dependency.is_generator)
            if plain_function and dependency.span is not None and route.kind == "http":
                found[function_id(dependency.name, dependency.span)].append((route.key, dependency))
    spared = _without_hop(project)
    for name, users in found.items():
        function = project.source.functions.get(name)
        if function is None or function.is_async or function.is_generator or function.decorators:
            continue
        if is_trivial(project, function):
            yield from _judge(evidence, function, users, spared)


def _idle_handlers(project: Project) -> Iterator[Finding]:
    """`def` handlers of GET that take nothing and only compute: health checks wait for a free thread like work does."""
    found: dict[str, set[str]] = defaultdict(set)
    for route in project.imported.routes:
        alone = not route.dependencies and not route.parameters and route.method == "GET"
        if route.kind == "http" and alone and not route.is_async and route.span is not None:
            found[function_id(route.name, route.span)].add(route.key)
    for name, routes in found.items():
        function = project.source.functions.get(name)
        if function is None or function.is_async or function.memoised or not is_trivial(project, function):
            continue
        yield draft(
            RULE,
            head(function),
            routes,
            message=f"def {function.span.symbol} answers from memory, and waits for a thread to do it",
            impact="when the pool is busy it answers late or not at all: a health check then has a healthy worker restarted",
            solution=f"async def {function.span.symbol}: FastAPI then calls it in place",
            known="static",
            confidence=0.7,
            facts={"function": function.id},
            severity=None if _is_probe(project, routes) and not routes <= ask_first(project) else "note",
        )


def _without_hop(project: Project) -> set[str]:
    """Routes that no thread would serve but for trivial dependencies, and that wait for nothing: beside a question to a
    database the hop is hardly seen.
    """
    dear = project.source.functions.doing("queries", "calls", "blocks", "burns", "redis")
    waiting = {way.route for function in dear for way in project.reaches.get(function.id, ())}
    return {route.key for route in project.imported.routes if route.is_async} - waiting


def _is_probe(project: Project, routes: set[str]) -> bool:
    """Whether a health check waits in one pool with many handlers that work: a few never fill it."""
    if not any(map(is_probed, routes)):
        return False
    handlers = (
        project.source.functions.get(function_id(r.name, r.span))
        for r in project.imported.routes
        if r.kind == "http" and not r.is_async and r.span is not None and r.key not in routes
    )
    working = {h.id for h in handlers if h is not None and not is_trivial(project, h)}
    return len(working) >= _MANY and (is_watched(project) or len(_waiting(project)) >= _MANY)


def _waiting(project: Project) -> set[str]:
    """The routes that ask another service in a thread: what hangs there fills the pool."""
    asking = project.source.functions.doing("calls")
    ways = (way for function in asking for way in project.reaches.get(function.id, ()))
    return {way.route for way in ways if way.route and way.context == "thread"}


def _judge(
    evidence: Evidence | None, function: Function, users: list[tuple[str, Dependency]], spared: set[str]
) -> Iterator[Finding]:
    routes = {route for route, _ in users}
    name = users[0][1].name
    hops = [
        (e.route, p)
        for e in (evidence.exchanges if evidence is not None else ())
        for p in e.phases
        if p.kind == "dependency" and p.name == name and p.thread
    ]
    if evidence is not None and hops:
        yield _measured(evidence, function, routes, [p for _, p in hops])
    elif evidence is None or not routes & {e.route for e in evidence.exchanges if e.status < 400}:
        yield draft(
            RULE,
            head(function),
            routes,
            message=f"def {function.span.symbol} only computes, and is called in a thread",
            impact=f"a thread hop for each request of {many(len(routes), 'route')}",
            solution=f"async def {function.span.symbol}: FastAPI then calls it in place",
            known="static",
            confidence=0.8,
            facts={"function": function.id},
            severity=None if len(routes & spared) >= _MANY else "note",
        )


def _measured(evidence: Evidence, function: Function, routes: set[str], hops: list[Phase]) -> Finding:
    total = float(sum(p.duration for p in hops))
    count = requests(evidence, routes)
    each = len(hops) / count
    return draft(
        RULE,
        function.span,
        routes,
        message=f"def {function.span.symbol} only computes, and is called in a thread",
        impact=f"{number(len(hops))} thread hops of {time(total / len(hops))} in the run",
        solution=f"async def {function.span.symbol}: FastAPI then calls it in place",
        known="measured",
        confidence=0.95,
        cost=Cost(threads=each, total=total),
        facts={"function": function.id},
    )


EXAMPLES = (
    Example(
        "picks values out of the request",
        plain("""
from pydantic import BaseModel


class Page(BaseModel):
    limit: int
    offset: int


def get_page(limit: int = 20, offset: int = 0):
    return Page(limit=min(limit, 100), offset=offset)


@app.get("/pages")
async def read_page(page: Page = Depends(get_page)):
    return page
"""),
        get("/pages"),
        bad=True,
    ),
    Example(
        "checks a flag, through a helper",
        plain("""
def is_known(name: str):
    return name.strip().lower() in ("anna", "ben")


def require_known(name: str = "anna"):
    if not is_known(name):
        raise HTTPException(403)
    return name


@app.get("/me")
async def read_me(name: str = Depends(require_known)):
    return name
"""),
        get("/me"),
        bad=True,
    ),
    Example(
        "asks the database",
        shop("""
def current_customer(session: Session = Depends(get_session)):
    return session.get(Customer, 1)


@app.get("/me")
def read_me(customer: Customer = Depends(current_customer)):
    return {"name": customer.name}
"""),
        get("/me"),
        bad=False,
    ),
    Example(
        "reads a file, or calls what nobody knows",
        plain(
            """
import strange


def get_words():
    return Path(__file__).read_text()


def get_more():
    return strange.compute(3)


@app.get("/words")
async def read_words(words: str = Depends(get_words), more: str = Depends(get_more)):
    return len(words)
""",
            strange="""
from importlib import import_module

compute = getattr(import_module("math"), "sqrt")
""",
        ),
        get("/words"),
        bad=False,
    ),
    Example(
        "async already",
        plain("""
async def get_page(limit: int = 20):
    return min(limit, 100)


@app.get("/pages")
async def read_page(limit: int = Depends(get_page)):
    return limit
"""),
        get("/pages"),
        bad=False,
    ),
)
