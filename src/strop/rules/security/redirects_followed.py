"""A client follows redirects after the address was checked.

**What.** The project refuses private addresses, and a shared HTTP client is made with `follow_redirects=True`.

**Why it costs.** The check sees the first address alone. A server outside answers "302, Location:
http://169.254.169.254/", and the client goes there.

**How it is found.** A function of the project that asks whether an address is private, and a client that follows
redirects and is kept (on an object, a class or a module), or made where a URL is validated. A client with a transport
or event hooks of its own is left alone: they may check each request.

**How to fix it.** `follow_redirects=False` where the URL comes from a user, or a transport that checks every request.

**When it is no problem.** The client speaks with hosts that you chose.

**Sources.** https://www.python-httpx.org/quickstart/#redirection-and-history ;
https://cheatsheetseries.owasp.org/cheatsheets/Server_Side_Request_Forgery_Prevention_Cheat_Sheet.html
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.spelling import last_name
from strop.regex import regex
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain

RULE = Rule(
    "SEC016",
    "redirects-followed",
    "security",
    "warning",
    "Redirects past the check of the address",
    static=True,
)
WORDS = ("follow_redirects", "is_private", "is_link_local", "is_loopback")
KINDS = ("function", "module")
_CLIENTS = frozenset({"httpx.AsyncClient", "httpx.Client"})
_VALIDATES = regex(r"(valid|check|safe|ssrf|private|allowed).*(url|host|addr|ssrf|ip)|ssrf", re.IGNORECASE)


def notice(body: Body) -> Iterator[Mark]:
    """Checks of addresses, and clients that follow redirects."""
    if body.kind == "function" and any(
        a.attr in ("is_private", "is_link_local") for a in body.of(ast.Attribute)
    ):
        yield body.mark(RULE.code, body.node, checks=True)
    for call in body.calls("AsyncClient", "Client"):
        given = {k.arg: k.value for k in call.keywords}
        if body.name(call.func) not in _CLIENTS or body.constant(given.get("follow_redirects")) is not True:
            continue
        if not {None, "transport", "event_hooks", "mounts"} & set(given) and (
            _is_kept(body, call) or _is_validated(body)
        ):
            yield body.mark(RULE.code, call, call=body.text(call.func))


def _is_kept(body: Body, call: ast.Call) -> bool:
    match body.parent(call):
        case ast.Assign(targets=[ast.Attribute()]) | ast.AnnAssign(target=ast.Attribute()):
            return True
        case ast.Assign() | ast.AnnAssign():
            return body.kind == "module"
    return False


def _is_validated(body: Body) -> bool:
    names = (last_name(c.func) for c in body.of(ast.Call))
    return any(_VALIDATES.search(name) for name in names)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each client, where the project checks addresses."""
    marks = project.source.marks.get(RULE.code, ())
    checks = [m for m in marks if m.fact("checks")]
    for mark in marks if checks else ():
        if mark.fact("call"):
            reached = project.reaches.get(mark.function, ())
            ways = [w for w in reached if w.route]
            if not reached:  # a tool beside the application
                continue
            yield draft(
                RULE,
                mark.span,
                (w.route for w in ways),
                message=f"{mark.fact('call')} follows redirects, past the check of addresses in {checks[0].span.symbol}",
                impact="a server outside sends the client to addresses inside the network",
                solution="follow_redirects=False, or a transport that checks every request",
                known="static",
                confidence=0.65,
                chain=(ways or reached)[0].chain,
            )


_CHECKED = """
import ipaddress
import socket
from urllib.parse import urlsplit

import httpx


def validate_url(url: str) -> None:
    address = socket.gethostbyname(urlsplit(url).hostname or "")
    if ipaddress.ip_address(address).is_private:
        raise HTTPException(422)


"""
EXAMPLES = (
    Example(
        "the first address alone",
        plain(
            _CHECKED
            + """
class Fetcher:
    def __init__(self) -> None:
        self.client = httpx.AsyncClient(timeout=10, follow_redirects=True)


fetcher = Fetcher()


@app.post("/fetch")
async def fetch(url: str):
    validate_url(url)
    response = await fetcher.client.get(url)
    return response.text
"""
        ),
        bad=True,
    ),
    Example(
        "no other address",
        plain(
            _CHECKED
            + """
class Fetcher:
    def __init__(self) -> None:
        self.client = httpx.AsyncClient(timeout=10, follow_redirects=False)


fetcher = Fetcher()


@app.post("/fetch")
async def fetch(url: str):
    validate_url(url)
    response = await fetcher.client.get(url)
    return response.text
"""
        ),
        bad=False,
        mends="the first address alone",
    ),
    Example(
        "hosts that nobody chooses",
        plain("""
import httpx

client = httpx.AsyncClient(timeout=10, follow_redirects=True)


@app.get("/rates")
async def rates():
    response = await client.get("https://rates.example/latest")
    return response.json()
"""),
        bad=False,
    ),
)
