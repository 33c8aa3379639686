"""An HTTP client is made for each call.

**What.** `httpx.AsyncClient()`, `httpx.Client()`, `aiohttp.ClientSession()` or `requests.Session()` is opened inside a request
and thrown away after it.

**Why it costs.** A client is a pool of connections. A new one pays for name resolution, TCP and TLS again in each request
(two or three round trips), and `httpx` loads the certificates of the system each time: some 10 to 30 ms of CPU, on the
event loop.

**How it is found.** Constructors in functions that a request reaches on the loop or in a thread, one finding for each class
or function. Clients that are made with something that differs from request to request (a certificate, credentials, a
proxy, a transport) are left out, and so are those that `lru_cache` or a filled variable keeps.

**How to fix it.** One client for the process: made in the lifespan, kept in `app.state` or behind a dependency, closed at
shutdown. Headers and credentials go with each call.

**When it is no problem.** A call that is made once an hour; a client that lives as long as a WebSocket (not reported).

**Sources.** HTTPX, "Clients": https://www.python-httpx.org/advanced/clients/ ;
aiohttp, "Don't create a session per request": https://docs.aiohttp.org/en/stable/client_quickstart.html#make-a-request
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules.code import reaches
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.wording import many
from strop.span import Step

RULE = Rule(
    "HTTP002", "client-per-request", "http", "warning", "An HTTP client is made for each call", static=True
)

CLIENTS = ("httpx.AsyncClient", "httpx.Client", "aiohttp.ClientSession", "requests.Session")
_OWN = {
    "cert",
    "verify",
    "auth",
    "proxy",
    "proxies",
    "mounts",
    "transport",
    "app",
    "connector",
    "cookies",
    "cookie_jar",
}
WORDS = tuple(name.rpartition(".")[2] for name in CLIENTS)


def notice(body: Body) -> Iterator[Mark]:
    """Clients that are made, with nothing that is this call's alone."""
    for call in body.calls(*WORDS):
        name = body.name(call.func)
        own = any(k.arg is None or _differs(body, k) for k in call.keywords)
        if name in CLIENTS and not own and not _stands_in(body, call):
            yield body.mark(RULE.code, call, name=name, text=body.text(call)[:90])


def _differs(body: Body, keyword: ast.keyword) -> bool:
    return keyword.arg in _OWN and body.constant(keyword.value) is None


def _stands_in(body: Body, call: ast.Call) -> bool:
    """Whether it is made only where the caller gave none: `if client is None:`."""
    for each in body.around(call):
        match each:
            case ast.If(
                test=ast.Compare(
                    left=ast.Name() as name, ops=[ast.Is()], comparators=[ast.Constant(value=None)]
                )
            ):
                if any(b.how == "annotation" for b in body.bindings(name)):
                    return True
    return False


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each class, or function outside classes."""
    found: dict[str, list[Mark]] = defaultdict(list)
    for mark in project.source.marks.get(RULE.code, ()):
        function = project.source.functions.get(mark.function)
        if function is None:
            continue
        calls = [c for c in function.calls if c.span.line == mark.span.line and c.name == mark.fact("name")]
        if calls and not calls[0].once and not calls[0].background:
            owner, _, name = mark.function.rpartition(".")
            found[owner if ":" in owner and "<locals>" not in owner and name else mark.function].append(mark)
    for marks in found.values():
        yield from _finding(project, marks)


def _finding(project: Project, marks: list[Mark]) -> Iterator[Finding]:
    ways = {m: reaches(project, m.function, ("loop", "thread")) for m in marks}
    served = {route.key for route in project.imported.routes if route.kind == "http"}
    reached = [m for m in marks if any(way.route in served for way in ways[m])]
    if not reached:
        return
    first = max(reached, key=lambda m: (len(ways[m]), -m.span.line))
    also = f", as in {many(len(reached) - 1, 'place')} beside it" if len(reached) > 1 else ""
    yield draft(
        RULE,
        first.span,
        {w.route for m in reached for w in ways[m]},
        message=f"{first.fact('name')} is made for each call of {first.span.symbol}{also}",
        impact="each call resolves the name, connects and shakes hands anew; httpx loads the certificates as well",
        solution="make one client for the process, and close it at shutdown",
        known="static",
        confidence=0.8,
        chain=(*ways[first][0].chain, Step(first.fact("text"), first.span)),
        facts={"name": first.fact("name"), "function": first.function},
    )


EXAMPLES = (
    Example(
        "a client in a helper",
        plain("""
import httpx


async def rate(currency: str) -> float:
    async with httpx.AsyncClient(timeout=5) as client:
        response = await client.get(f"https://rates.example/{currency}")
    return response.json()["rate"]


@app.get("/price/{currency}")
async def read_price(currency: str):
    return {"rate": await rate(currency)}
"""),
        bad=True,
    ),
    Example(
        "one client for the process",
        plain("""
import httpx

client = httpx.AsyncClient(timeout=5)


async def rate(currency: str) -> float:
    response = await client.get(f"https://rates.example/{currency}")
    return response.json()["rate"]


@app.get("/price/{currency}")
async def read_price(currency: str):
    return {"rate": await rate(currency)}
"""),
        mends="a client in a helper",
    ),
    Example(
        "made at the first use, and one with a certificate of its own",
        plain("""
import httpx

_client: httpx.AsyncClient | None = None


def get_client() -> httpx.AsyncClient:
    global _client
    if _client is None:
        _client = httpx.AsyncClient(timeout=5)
    return _client


@app.get("/rate")
async def read_rate(client: httpx.AsyncClient = Depends(get_client)):
    return (await client.get("https://rates.example/eur")).json()


@app.get("/bank/{tenant}")
async def read_bank(tenant: str):
    async with httpx.AsyncClient(timeout=5, cert=f"/certificates/{tenant}.pem") as client:
        return (await client.get("https://bank.example/balance")).json()
"""),
    ),
    Example(
        "only where the caller gives none",
        plain("""
import httpx

shared = httpx.AsyncClient(timeout=5)


async def fetch(path: str, client: httpx.AsyncClient | None = None):
    if client is None:
        async with httpx.AsyncClient(timeout=5) as own:
            return (await own.get(f"https://rates.example/{path}")).json()
    return (await client.get(f"https://rates.example/{path}")).json()


@app.get("/rate")
async def read_rate():
    return await fetch("eur", shared)
"""),
    ),
)
