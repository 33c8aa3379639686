"""An expensive object is built for each request and could be kept.

**What.** An engine, an HTTP client, settings or a boto client are made inside a request: pools are opened and
thrown away, TLS contexts loaded, environment files parsed, again and again.

**Why it costs.** An `httpx` client loads the certificates (10 ms or more), an engine opens connections and
pools nothing, settings read their file: each time.

**How it is found.** Objects that the run saw being built within requests, in at least half of the requests of
a route; without a run, calls of their constructors in functions that a request reaches.

Without a run it is a note: whether the line runs in each request, and what it takes, only a run can tell.

**How to fix it.** Build it once: behind `lru_cache`, as a module's value, or in the lifespan, which also
closes it.

**When it is no problem.** `lru_cache`, a global that is filled at the first request, start-up: what is built
once is not reported. A client that must differ from request to request (another tenant's credentials) can't be
shared: by the source alone, what is built with arguments of the function or of its object is left out. HTTP clients
are HTTP002's.

**Sources.** HTTPX, "Clients": https://www.python-httpx.org/advanced/clients/ ;
FastAPI, "Settings and Environment Variables": https://fastapi.tiangolo.com/advanced/settings/
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator

from strop.evidence import Built, Evidence, Exchange
from strop.finding import Cost, Finding
from strop.project.body import Body
from strop.project.catalogue import default_catalogue
from strop.project.function import Call, Function
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.code import function_at, reaches, steps
from strop.rules.draft import draft
from strop.rules.example import Example, get
from strop.rules.http.client_per_request import CLIENTS
from strop.rules.loop import ran
from strop.rules.rule import Rule
from strop.rules.sample import plain, shop
from strop.rules.served import place, requests, usual
from strop.rules.wording import many, time
from strop.span import Span, Step

RULE = Rule("RUN001", "built-per-request", "runtime", "warning", "Built for each request")

# A pool of threads for one job is closed with it; a new one each time is what its users mean.
_SCOPED = ("concurrent.futures.ThreadPoolExecutor", "concurrent.futures.ProcessPoolExecutor")
_KINDS = (
    ("engine", ("create_engine", "create_async_engine")),
    ("boto", ("boto3.", "botocore.", "aiobotocore.")),
    ("settings", ("BaseSettings", "Settings")),
)
# What the probe sees being built: of these the run is the judge.
_SEEN = ("sqlalchemy.", "httpx.", "requests.", "aiohttp.", "boto3.", "pydantic")


_BUILDS = frozenset(
    name for name, effects in default_catalogue().effects.items() if any(e.kind == "builds" for e in effects)
)
WORDS = tuple({name.rpartition(".")[2] for name in _BUILDS})


def notice(body: Body) -> Iterator[Mark]:
    """What is built with something of its own: a pool that is shared, or what differs from call to call."""
    for call in body.calls(*WORDS):
        name = body.name(call.func)
        if name in _BUILDS and (name in _SCOPED or _is_of_its_own(body, call)):
            yield body.mark(RULE.code, call, name=name)


def _is_of_its_own(body: Body, call: ast.Call) -> bool:
    """Whether an argument comes from the function's parameters or its object, or is a pool."""
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    if any(keyword.arg in ("connection_pool", None) for keyword in call.keywords):
        return True
    for node in (each for value in given for each in ast.walk(value)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            found = body.bindings(node)
            if any(
                b.how in ("annotation", "self", "value", "element") and b.scope.kind != "module"
                for b in found
            ):
                return True
    return False


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each line that builds."""
    known: set[tuple[str, int]] = set()
    found: dict[tuple[str, int, str], list[tuple[Exchange, Built]]] = defaultdict(list)
    for exchange in evidence.exchanges if evidence is not None else ():
        for built in exchange.built:
            if built.span is not None:
                known.add(place(built.span))
                found[(*place(built.span), built.kind)].append((exchange, built))
    for cases in found.values():
        if evidence is not None and usual(evidence, (e for e, _ in cases)):
            yield _measured(project, evidence, cases)
    yield from _static(project, evidence, known)


def _measured(project: Project, evidence: Evidence, cases: list[tuple[Exchange, Built]]) -> Finding:
    built = cases[0][1]
    span = built.span or Span("", 0)
    function = function_at(project, span)
    routes = {e.route for e, _ in cases if e.route}
    count = requests(evidence, routes)
    total = float(sum(b.duration for _, b in cases))
    symbol = function.span.symbol if function is not None else span.symbol
    return draft(
        RULE,
        Span(span.file, span.line, symbol),
        routes,
        message=f"{built.name.rpartition(':')[2]} is built for each request in {symbol}",
        impact=f"{many(len(cases), 'time')} in {many(count, 'request')}, {time(total / len(cases))} each",
        solution="build it once for the process, and close it at shutdown if it has connections",
        known="measured",
        confidence=0.95,
        chain=steps((span,), project),
        cost=Cost(cpu=total / count, total=total),
        facts={
            "kind": built.kind,
            "name": built.name,
            "function": function.id if function is not None else "",
        },
    )


def _static(project: Project, evidence: Evidence | None, known: set[tuple[str, int]]) -> Iterator[Finding]:
    own = {(m.span.file, m.span.line, m.fact("name")) for m in project.source.marks.get(RULE.code, ())}
    for function in project.source.functions.doing("builds"):
        for call in function.calls:
            if evidence is None and (call.span.file, call.span.line, call.name) in own:
                continue
            kind = _kind(call)
            if evidence is None and (kind == "engine" or call.name in CLIENTS):
                continue  # DB012 and HTTP002 name them
            if not kind or call.once or call.background or (call.span.file, call.span.line) in known:
                continue
            ways = reaches(project, function.id, ("loop", "thread"))
            routes = {w.route for w in ways}
            contradicted = evidence is not None and _is_seen(call) and ran(evidence, routes)
            if ways and not contradicted:
                yield _unmeasured(function, call, kind, routes, (*ways[0].chain, Step(call.text, call.span)))


def _unmeasured(
    function: Function, call: Call, kind: str, routes: set[str], chain: tuple[Step, ...]
) -> Finding:
    return draft(
        RULE,
        Span(call.span.file, call.span.line, function.span.symbol),
        routes,
        message=f"{call.name} is built for each request in {function.span.symbol}",
        impact="what building takes, each time; how much that is was not measured",
        solution="build it once for the process, and close it at shutdown if it has connections",
        known="static",
        confidence=0.55,
        chain=chain,
        facts={"kind": kind, "name": call.name, "function": function.id},
        severity="note",
    )


def _kind(call: Call) -> str:
    """engine, client, settings or boto; "" for what is not known to be costly."""
    if call.effect is None or call.effect.kind != "builds":
        return ""
    for kind, words in _KINDS:
        if any(word in call.name or word in call.effect.name for word in words):
            return kind
    return "client"


def _is_seen(call: Call) -> bool:
    return call.effect is not None and (
        call.effect.name.startswith(_SEEN) or call.name.startswith(_SEEN) or "Settings" in call.effect.name
    )


EXAMPLES = (
    Example(
        "an engine in a handler",
        shop("""
@app.get("/ready")
async def ready():
    fresh = create_async_engine("sqlite+aiosqlite:///shop.db")
    async with fresh.connect() as connection:
        await connection.execute(select(1))
    await fresh.dispose()
    return "ready"
"""),
        get("/ready"),
        bad=True,
    ),
    Example(
        "settings in a dependency",
        plain("""
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    word: str = "plain"


def get_settings():
    return Settings()


@app.get("/word")
async def read_word(settings: Settings = Depends(get_settings)):
    return settings.word
"""),
        get("/word"),
        bad=True,
    ),
    Example(
        "settings behind lru_cache, a client in a global that is filled once",
        plain("""
import httpx
from pydantic_settings import BaseSettings


class Settings(BaseSettings):
    word: str = "plain"


@lru_cache
def get_settings():
    return Settings()


client = None


def get_client():
    global client
    if client is None:
        client = httpx.AsyncClient()
    return client


@app.get("/word")
async def read_word(settings: Settings = Depends(get_settings), http=Depends(get_client)):
    return settings.word
"""),
        get("/word", times=5),
        bad=False,
    ),
    Example(
        "at start-up",
        plain("""
import httpx

client = httpx.AsyncClient()


@app.get("/timeout")
async def read_timeout():
    return client.timeout.connect
"""),
        get("/timeout"),
        bad=False,
    ),
)
