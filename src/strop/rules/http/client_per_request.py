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
It is a warning where it is made often: for eight routes or more, in three
places of a class, in a loop, in a dependency or a middleware. One route's own, mails and webhooks, logins, tries of settings, routes for administrators alone, calls that wait for minutes or for
a language model, questions with seconds between them, what is only done after the answer, for what is not known yet or where a cache has nothing, and clients whose headers or address are
the caller's (one for all would mix them) are notes; so are aiohttp's and requests' where all they ask is, by the setting's default, on the same machine.

**Sources.** HTTPX, "Clients": https://www.python-httpx.org/advanced/clients/ ;
aiohttp, "Don't create a session per request": https://docs.aiohttp.org/en/stable/client_quickstart.html#make-a-request
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.function import Reach
from strop.project.mark import Mark
from strop.project.project import Project
from strop.regex import regex
from strop.rules import burden, caching
from strop.rules.caching import is_missed, note_kept
from strop.rules.clientuse import is_hardly_worth
from strop.rules.code import function_at, reaches
from strop.rules.dearer import Dearer
from strop.rules.detours import Detours
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.kept import comes_kept
from strop.rules.protection import Protection
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.sidecar import asks_this_machine
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
# what is done once in a session or less: logins and their tokens, trying out settings, setting up
_RARE = regex(
    r"oauth|oidc|saml|log_?in\b|callback|(validate|verify|test|check)_(credential|connection|endpoint|api_key)|/test\b"
    r"|revoke|refresh_token|userinfo|token_(endpoint|form)|/(install|setup|health|version)\b|metadata",
    re.IGNORECASE,
)
_SELDOM = regex(r"e_?mail|billing|portal|web_?hook|notif|payment_info|licen[cs]e|release", re.IGNORECASE)
_EACH = ("depends on ", "middleware ")
_MANY = 8  # routes
_PLACES = 3  # of one class
WORDS = caching.WORDS.union(name.rpartition(".")[2] for name in CLIENTS)


def notice(body: Body) -> Iterator[Mark]:
    """Clients that are made, with nothing that is this call's alone."""
    for call in body.calls(*WORDS):
        name = body.name(call.func)
        own = any(k.arg is None or _differs(body, k) for k in call.keywords)
        if name in CLIENTS and not own and not _stands_in(body, call):
            yield body.mark(
                RULE.code,
                call,
                name=name,
                text=body.brief(call, 90),
                little=is_hardly_worth(body, call) or is_missed(body, call),
            )
    yield from note_kept(body, RULE.code)


def _differs(body: Body, keyword: ast.keyword) -> bool:
    return keyword.arg in _OWN and body.constant(keyword.value) is None


def _stands_in(body: Body, call: ast.Call) -> bool:
    """Whether it is made only where the caller gave none: `if client is None:`, or after `if client is not None: return`."""
    if any(_returns_with_given(body, statement, call) for statement in body.of(ast.If)):
        return True
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


def _returns_with_given(body: Body, statement: ast.If, call: ast.Call) -> bool:
    """Whether this leaves the function above the call when the caller gave a client."""
    match statement:
        case ast.If(
            test=ast.Compare(
                left=ast.Name() as name, ops=[ast.IsNot()], comparators=[ast.Constant(value=None)]
            ),
            body=[*_, ast.Return(value=given)],
        ) if given is not None and statement.lineno < call.lineno:
            uses = any(isinstance(n, ast.Name) and n.id == name.id for n in ast.walk(given))
            return uses and any(b.how == "annotation" for b in body.bindings(name))
    return False


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each class, or function outside classes."""
    found: dict[str, list[Mark]] = defaultdict(list)
    for mark in project.source.marks.get(RULE.code, ()):
        function = project.source.functions.get(mark.function)
        if function is None or not mark.fact("name"):
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
    first = max(reached, key=lambda m: (not m.fact("little"), len(ways[m]), -m.span.line))
    keys = {w.route for m in reached for w in ways[m]} & served
    usual = {key for key in keys if not _is_rare(project, first.function, key)}
    often = usual and (
        len(usual) >= _MANY or len(reached) >= _PLACES or _is_repeated(project, first, ways[first])
    )
    little = (
        all(m.fact("little") for m in reached)
        or Dearer.of(project).have(keys)
        or all(_is_handed_on(project, way) for way in ways[first])
        or _is_on_a_detour(project, first, ways[first])
        or (often and all(_is_of_neighbour(project, m) for m in reached))
    )
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
        severity=None if often and not little else "note",
        chain=(*ways[first][0].chain, Step(first.fact("text"), first.span)),
        facts={"name": first.fact("name"), "function": first.function},
    )


def _is_of_neighbour(project: Project, mark: Mark) -> bool:
    """Whether it asks a service on the same machine, in plain text; httpx loads the certificates all the same."""
    function = project.source.functions.get(mark.function)
    plain = not mark.fact("name").startswith("httpx.")
    return plain and function is not None and asks_this_machine(project, function)


def _is_on_a_detour(project: Project, mark: Mark, ways: list[Reach]) -> bool:
    """Whether it is made only for what is not known yet, in no cache either, or has failed."""
    detours = Detours(project, burden.RULE)
    kept = Detours(project, RULE.code)
    return detours.has(mark.span) or all(
        detours.have(step.span for step in way.chain)
        or kept.have(step.span for step in way.chain)
        or comes_kept(project, way)
        for way in ways
    )


def _is_handed_on(project: Project, way: Reach) -> bool:
    """Whether a way leads through a call that nobody waits for: a background task, `create_task`."""
    for step in way.chain:
        function = function_at(project, step.span)
        if function is not None and any(c.background and c.span == step.span for c in function.calls):
            return True
    return False


def _is_repeated(project: Project, mark: Mark, ways: list[Reach]) -> bool:
    """Whether one request makes several, or each request of many makes one: in a loop, a dependency or a middleware."""
    if any(step.text.startswith(_EACH) for way in ways[:40] for step in way.chain[:3]):
        return True
    functions = project.source.functions
    own = functions.get(mark.function)
    here = own.calls if own is not None else ()
    return any(call.loop for _, call in functions.callers(mark.function)) or any(
        c.loop and c.span == mark.span and c.name == mark.fact("name") for c in here
    )


def _is_rare(project: Project, function: str, key: str) -> bool:
    """Whether a call is made seldom: at a login, to try out settings, for administrators."""
    symbol = function.rpartition(":")[2]
    named = bool(_RARE.search(symbol.rpartition(".")[2]) or _SELDOM.search(symbol))
    return named or bool(_RARE.search(key)) or Protection.of(project).is_for_operators(key)


EXAMPLES = (
    Example(
        "a client in a helper: a note",
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
        "for four routes: a note",
        plain("""
import httpx


async def rate(currency: str) -> float:
    async with httpx.AsyncClient(timeout=5) as client:
        response = await client.get(f"https://rates.example/{currency}")
    return response.json()["rate"]


@app.get("/price/{currency}")
async def read_price(currency: str):
    return {"rate": await rate(currency)}


@app.get("/offer/{currency}")
async def read_offer(currency: str):
    return {"rate": await rate(currency) * 0.9}


@app.get("/total/{currency}")
async def read_total(currency: str):
    return {"rate": await rate(currency) * 1.2}


@app.get("/basket/{currency}")
async def read_basket(currency: str):
    return {"rate": await rate(currency) * 3}
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
        mends="a client in a helper: a note",
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
    Example(
        "returned with the one that the caller gives",
        plain("""
import httpx

shared = httpx.AsyncClient(timeout=5)


async def load(client: httpx.AsyncClient, path: str):
    return (await client.get(f"https://rates.example/{path}")).json()


async def fetch(path: str, client: httpx.AsyncClient | None = None):
    if client is not None:
        return await load(client, path)
    async with httpx.AsyncClient(timeout=5) as own:
        return await load(own, path)


@app.get("/rate")
async def read_rate():
    return await fetch("eur", shared)
"""),
    ),
    Example(
        "with the headers of each shop, for three routes: a note",
        plain("""
import httpx


class Parcels:
    def __init__(self, address: str, token: str) -> None:
        self.address = address
        self.token = token

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self.address, headers={"X-Token": self.token}, timeout=5)

    async def ask(self, path: str):
        async with self.client() as client:
            return (await client.get(path)).json()


@app.get("/{shop}/parcels")
async def parcels(shop: str):
    return await Parcels(f"https://{shop}.example", shop).ask("/parcels")


@app.get("/{shop}/prices")
async def prices(shop: str):
    return await Parcels(f"https://{shop}.example", shop).ask("/prices")


@app.get("/{shop}/depots")
async def depots(shop: str):
    return await Parcels(f"https://{shop}.example", shop).ask("/depots")
"""),
        bad=True,
    ),
    Example(
        "a session that is logged in, for three routes: a note",
        plain("""
import requests


class Depot:
    def __init__(self, address: str | None = None, password: str | None = None) -> None:
        self.address = address
        self.session = requests.Session()
        token = self.session.post(f"{address}/login", json={"password": password}, timeout=5).text
        self.session.headers.update({"Authorization": token})

    def ask(self, path: str):
        return self.session.get(f"{self.address}{path}", timeout=5).json()


@app.get("/{shop}/parcels")
def parcels(shop: str):
    return Depot(f"https://{shop}.example", shop).ask("/parcels")


@app.get("/{shop}/prices")
def prices(shop: str):
    return Depot(f"https://{shop}.example", shop).ask("/prices")


@app.get("/{shop}/shelves")
def shelves(shop: str):
    return Depot(f"https://{shop}.example", shop).ask("/shelves")
"""),
        bad=True,
    ),
    Example(
        "asked every ten seconds until the label is printed: a note",
        plain("""
import httpx


@app.post("/labels/{number}")
async def wait_for_label(number: int):
    for _ in range(30):
        async with httpx.AsyncClient(timeout=5) as client:
            state = (await client.get(f"https://labels.example/{number}")).json()["state"]
        if state == "printed":
            break
        await asyncio.sleep(10)
    return {"number": number}
"""),
        bad=True,
    ),
    Example(
        "in a function that a cache calls where it has nothing: a note",
        plain(
            """
import httpx

from cache import cache


async def load_rate(currency: str) -> float:
    rates = []
    for host in ("a", "b"):
        async with httpx.AsyncClient(timeout=5) as client:
            rates.append((await client.get(f"https://{host}.example/{currency}")).json())
    return sum(rates) / 2


async def rate(currency: str) -> float:
    return await cache.keep(lambda: load_rate(currency), currency, 30)


@app.get("/price/{currency}")
async def read_price(currency: str):
    return {"rate": await rate(currency)}
""",
            cache="""
class Cache:
    def __init__(self) -> None:
        self.values = {}

    async def keep(self, load, key: str, seconds: int):
        if key not in self.values:
            self.values[key] = await load()
        return self.values[key]


cache = Cache()
""",
        ),
        bad=True,
    ),
    Example(
        "in a dependency, where its cache has nothing: a note",
        plain(
            """
import os

import httpx

from names import NameCache

KEEPING = os.environ.get("KEEPING") != "no"
_cache = NameCache()


async def member(token: str) -> str:
    if KEEPING:
        known = _cache.get(token)
        if known:
            return known
    async with httpx.AsyncClient(timeout=5) as client:
        name = (await client.get(f"https://club.example/{token}")).text
    _cache.put(token, name)
    return name


@app.get("/me")
async def read_me(name: str = Depends(member)):
    return {"name": name}
""",
            names="""
class NameCache:
    def __init__(self) -> None:
        self.names = {}

    def get(self, token: str) -> str | None:
        return self.names.get(token)

    def put(self, token: str, name: str) -> None:
        self.names[token] = name
""",
        ),
        bad=True,
    ),
    Example(
        "in a dependency",
        plain("""
import httpx


async def member(token: str) -> str:
    async with httpx.AsyncClient(timeout=5) as client:
        return (await client.get(f"https://club.example/{token}")).text


@app.get("/me")
async def read_me(name: str = Depends(member)):
    return {"name": name}
"""),
        bad=True,
    ),
    Example(
        "on routes for administrators alone: a note",
        plain("""
import httpx


def require_admin(name: str = "") -> str:
    if name != "anna":
        raise HTTPException(403)
    return name


@app.get("/settings/mail/test")
async def try_mail(admin: str = Depends(require_admin)):
    async with httpx.AsyncClient(timeout=5) as client:
        return (await client.get("https://mail.example/ping")).json()
"""),
        bad=True,
    ),
    Example(
        "at the end of a login: a note",
        plain("""
import httpx


@app.get("/oauth/callback")
async def finish_login(code: str):
    async with httpx.AsyncClient(timeout=5) as client:
        return (await client.post("https://login.example/token", data={"code": code})).json()
"""),
        bad=True,
    ),
    Example(
        "only for what is not known yet: a note",
        plain("""
import httpx

KNOWN = {"eur": 1.0}


def look_up(currency: str) -> float | None:
    return KNOWN.get(currency)


async def rate(currency: str) -> float:
    async with httpx.AsyncClient(timeout=5) as client:
        response = await client.get(f"https://rates.example/{currency}")
    return response.json()["rate"]


async def known(currency: str) -> float:
    found = look_up(currency)
    if found is None:
        found = await rate(currency)
    return found


@app.get("/price/{currency}")
async def read_price(currency: str):
    return {"rate": await known(currency)}


@app.get("/offer/{currency}")
async def read_offer(currency: str):
    return {"rate": await known(currency) * 0.9}


@app.get("/total/{currency}")
async def read_total(currency: str):
    return {"rate": await known(currency) * 1.2}
"""),
        bad=True,
    ),
)
