"""An outbound call without a timeout.

**What.** A request asks another machine with a client that waits for ever: `requests`, `urllib`, `smtplib`, `ftplib`,
`imaplib`, `http.client` without `timeout`, or `httpx` and `aiohttp` with the default switched off.

**Why it costs.** When the other side accepts the connection and says nothing, the request never ends: its thread is gone
(a pool has forty), or the event loop stands still. A slow partner becomes your outage.

**How it is found.** Calls that a route reaches, whose client has no default and that give no timeout, or `None`. Calls on a
session that the project mounts an adapter on are left out: the adapter may have one. Where every call uses the session
that one function makes, that function is the cause.

**How to fix it.** `timeout=(3, 10)` (to connect, to read), or a client whose timeout is set once.

**When it is no problem.** A call to a local socket that always answers. A default that was switched off by hand is a note: streams and long
answers may want it.

**Sources.** Requests, "Timeouts": https://requests.readthedocs.io/en/latest/user/advanced/#timeouts ;
HTTPX, "Timeouts": https://www.python-httpx.org/advanced/timeouts/
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.function import Reach
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.spelling import keyword
from strop.rules.code import reaches
from strop.rules.draft import draft
from strop.rules.example import Example
from strop.rules.protection import Protection
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.wording import many
from strop.span import Step

RULE = Rule("HTTP001", "no-timeout", "http", "warning", "An outbound call without a timeout", static=True)

_VERBS = ("get", "post", "put", "patch", "delete", "head", "options", "request")
_SESSION = "requests.Session"
# Where the timeout stands when it is given by position; clients that have none of their own.
_ENDLESS = {
    **{f"requests.{verb}": 99 for verb in _VERBS},
    **{f"{_SESSION}.{verb}": 99 for verb in _VERBS},
    "urllib.request.urlopen": 2, "urllib.request.urlretrieve": 99, "smtplib.SMTP": 3, "smtplib.SMTP_SSL": 5,
    "ftplib.FTP": 4, "ftplib.FTP_TLS": 5, "imaplib.IMAP4": 2, "imaplib.IMAP4_SSL": 4, "poplib.POP3": 2,
    "http.client.HTTPConnection": 2, "http.client.HTTPSConnection": 3, "socket.create_connection": 1,
}  # fmt: skip
_SWITCHED_OFF = ("httpx.", "aiohttp.")
WORDS = (
    "requests", "urlopen", "urlretrieve", "smtplib", "SMTP", "SMTP_SSL", "ftplib", "FTP", "imaplib", "IMAP4_SSL", "httpx",
    "HTTPConnection", "HTTPSConnection", "create_connection", "Session", "timeout", *_VERBS,
)  # fmt: skip
KINDS = ("function", "class", "module")
_NAMES = (
    *{name.rpartition(".")[2] for name in _ENDLESS},
    "Client",
    "AsyncClient",
    "ClientSession",
    "stream",
    "Session",
)


def notice(body: Body) -> Iterator[Mark]:
    """Calls that may wait for ever, and where sessions are made."""
    for call in body.calls(*_NAMES):
        name = body.name(call.func)
        if name == _SESSION:
            returned = any(body.name(r.func) == _SESSION for r in _returned(body))
            mounted = next(body.calls("mount"), None) is not None
            yield body.mark(RULE.code, call, kind="session", returned=returned, mounted=mounted)
        elif name in _ENDLESS and not _has_timeout(body, call, _ENDLESS[name]):
            yield body.mark(RULE.code, call, kind="call", name=name, text=body.brief(call, 90))
        elif name.startswith(_SWITCHED_OFF) and _is_none(body, keyword(call, "timeout")):
            yield body.mark(RULE.code, call, kind="call", name=name, text=body.brief(call, 90), off=True)


def _returned(body: Body) -> Iterator[ast.Call]:
    """The calls whose value the function returns or yields, through a name as well."""
    given = [node.value for node in body.of(ast.Return)] + [node.value for node in body.of(ast.Yield)]
    for expression in given:
        value = body.value(expression) if expression is not None else None
        if isinstance(value, ast.Call):
            yield value


def _has_timeout(body: Body, call: ast.Call, place: int) -> bool:
    if any(k.arg is None for k in call.keywords) or any(isinstance(a, ast.Starred) for a in call.args):
        return True  # it may be in there
    given = keyword(call, "timeout") or (call.args[place] if len(call.args) > place else None)
    if (
        given is None
        and not call.args
        and not call.keywords
        and body.name(call.func).endswith(("SMTP", "FTP", "SMTP_SSL"))
    ):
        return True  # connects later
    return given is not None and not _is_none(body, given)


def _is_none(body: Body, given: ast.expr | None) -> bool:
    return isinstance(given, ast.Constant) and given.value is None


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each function with such calls, or for the one that makes the session of all."""
    marks = project.source.marks.get(RULE.code, ())
    sessions = [m for m in marks if m.fact("kind") == "session"]
    mounted = any(m.fact("mounted") for m in sessions)
    makers = [m for m in sessions if m.fact("returned")]
    found: dict[str, list[Mark]] = defaultdict(list)
    of_session: list[Mark] = []
    for mark in marks:
        if mark.fact("kind") != "call":
            continue
        if not mark.fact("name").startswith(f"{_SESSION}."):
            found[mark.function].append(mark)
        elif not mounted:
            of_session.append(mark)
    for mark in of_session:
        found[makers[0].function if len(makers) == 1 else mark.function].append(mark)
    for function, calls in found.items():
        yield from _finding(project, calls, next((m for m in makers if m.function == function), None))


def _finding(project: Project, calls: list[Mark], maker: Mark | None) -> Iterator[Finding]:
    ways = {m: reaches(project, m.function, ("loop", "thread", "background")) for m in calls}
    reached = [m for m in calls if ways[m]]
    if not reached:
        return
    first = min(reached, key=lambda m: bool(m.fact("off")))  # a missing one says more
    off = bool(first.fact("off"))
    place = maker if maker is not None else first
    through = f" of a session from {place.span.symbol}" if maker is not None else ""
    routes = {w.route for m in reached for w in ways[m]}
    operated = all(map(Protection.of(project).is_for_operators, routes))
    also = f", and {many(len(reached) - 1, 'more call')}" if len(reached) > 1 else ""
    yield draft(
        RULE,
        place.span,
        routes,
        message=f"{first.fact('name')}{through} waits without a limit"
        + (": its timeout is switched off" if off else "")
        + also,
        impact=_impact(ways[first]),
        solution="give a timeout, to connect and to read",
        known="static",
        confidence=0.7 if off else 0.9,
        severity="note" if off or operated else None,
        chain=(*ways[first][0].chain, Step(first.fact("text"), first.span)),
        facts={"name": first.fact("name")},
    )


def _impact(ways: list[Reach]) -> str:
    """What stands still: the event loop with everybody's requests, or one thread."""
    if any(way.context == "loop" for way in ways):
        return "when the other side says nothing, the event loop stands still, and every request with it"
    return "when the other side says nothing, the request never ends and keeps its thread"


EXAMPLES = (
    Example(
        "requests in a handler",
        plain("""
import requests


@app.get("/rates")
def read_rates():
    return requests.get("https://rates.example/today").json()
"""),
        bad=True,
    ),
    Example(
        "requests with a limit",
        plain("""
import requests


@app.get("/rates")
def read_rates():
    return requests.get("https://rates.example/today", timeout=(3, 10)).json()
"""),
        mends="requests in a handler",
    ),
    Example(
        "a session that a dependency makes",
        plain("""
import requests


def get_remote() -> requests.Session:
    session = requests.Session()
    session.headers["User-Agent"] = "shop"
    return session


@app.get("/mirror/{name}")
def mirror(name: str, remote: requests.Session = Depends(get_remote)):
    return remote.get(f"https://mirror.example/{name}").json()


@app.get("/index")
def index(remote: requests.Session = Depends(get_remote)):
    return remote.get("https://mirror.example/index").json()
"""),
        bad=True,
    ),
    Example(
        "the client has one of its own, or an adapter may",
        plain("""
import httpx
import requests
from requests.adapters import HTTPAdapter

client = httpx.AsyncClient()
remote = requests.Session()
remote.mount("https://", HTTPAdapter(max_retries=2))


@app.get("/rates")
async def read_rates():
    return (await client.get("https://rates.example/today")).json()


@app.get("/index")
def index():
    return remote.get("https://mirror.example/index").json()
"""),
    ),
    Example(
        "switched off by hand for a long answer: a note",
        plain("""
import httpx


@app.get("/report")
def read_report():
    return httpx.get("https://reports.example/year", timeout=None).json()
"""),
        bad=True,
    ),
    Example(
        "only administrators ask: a note",
        plain("""
import requests
from fastapi import Request


def check_admin_access(request: Request) -> None:
    if request.headers.get("x-role") != "admin":
        raise HTTPException(status_code=403)


@app.post("/queue/pause")
def pause_queue(request: Request):
    check_admin_access(request)
    return requests.post("https://queue.example/pause").json()
"""),
        bad=True,
    ),
)
