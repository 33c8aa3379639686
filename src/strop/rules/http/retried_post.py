"""A POST that makes something is sent again when it may have arrived.

**What.** A retry (tenacity, backoff, stamina, urllib3's `Retry` with POST, or a loop of one's own) around a POST to another service
that creates, charges, sends or starts something, without an idempotency key.

**Why it costs.** A timeout says that the answer did not come, not that the request did not arrive. Sent again, the card is
charged twice, two tickets are opened, two machines are started; and it happens under load, when the other side is slow.

**How it is found.** POSTs by requests, httpx and aiohttp in a function that is retried, or in one that it calls, whose name or address says that
something is made; the retry takes errors that leave open whether it arrived (any, a timeout, the library's base class). Refusals that are sure (429, a connection
that was never made) may be retried. Left alone: reads by POST, tokens, language models, updates, deletions, webhooks (whose receivers
must expect a message twice), and whatever speaks of idempotency.

**How to fix it.** Send an `Idempotency-Key` that is made before the first try and stays the same; or retry only what surely
did not arrive: `retry_if_exception_type((httpx.ConnectError, httpx.ConnectTimeout))`.

**When it is no problem.** The other side recognises the second one by what is in it (a number of the caller's own, a
unique name). Then say so in a comment with the word "idempotent", which leaves the function alone.

**Sources.** https://docs.stripe.com/api/idempotent_requests ;
https://urllib3.readthedocs.io/en/stable/reference/urllib3.util.html#urllib3.util.Retry ;
https://aws.amazon.com/builders-library/making-retries-safe-with-idempotent-APIs/
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.function import Call
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.spelling import keyword, last_name
from strop.regex import regex
from strop.rules.example import Example
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.told import marks, tell, ways_to
from strop.rules.tried_again import Tried, is_open, spelled, tried_again
from strop.span import Step

RULE = Rule(
    "HTTP005", "retried-post", "http", "warning", "A POST is sent again that may have arrived", static=True
)
WORDS = ("retry", "Retrying", "AsyncRetrying", "on_exception", "Retry", "post", "request", "POST")
KINDS = ("function", "module", "class")

_CLIENTS = (
    "requests",
    "requests.Session",
    "httpx",
    "httpx.Client",
    "httpx.AsyncClient",
    "aiohttp.ClientSession",
)
_POSTS = frozenset(f"{client}.post" for client in _CLIENTS)
_REQUESTS = frozenset(f"{client}.request" for client in _CLIENTS)
_MAKES = regex(
    r"(^|[^a-z])(create|make_?(order|payment|call)|charge|pay|payments?|refunds?|orders?|transfers?|invite|invitations?|send|submit|publish"
    r"|book|purchase|issue|open|add|insert|start|trigger|run|launch|reply|comment|tweet|checkout|withdraw|deposit)(?![a-z])"
)
_HARMLESS = regex(
    r"(^|[^a-z])(search|query|queries|graphql|rpc|token|oauth2?|auth|login|log_in|session|embed\w*|completions?|chat|generate|generation|predict\w*|infer\w*"
    r"|rerank\w*|classif\w*|translat\w*|transcri\w*|llm|model|upsert|set|sync|web_?hooks?|hooks?|callbacks?|notif\w*|notify|events?|metrics?|telemetry|track\w*|logs?|audit"
    r"|validate|verify|check|lookup|match|count|estimate|preview|delete|remove|cancel|stop|update|refresh|ping|health|heartbeat|status|get|fetch|list|read|scrape"
    r"|crawl|parse|extract|render|convert|evaluat\w*|moderat\w*|policy|policies|data)(?![a-z])"
)
_SPEAKS = regex(r"idempot|dedup|client_?token|request_?token|exactly.once|unique_?key", re.IGNORECASE)
_RETRY = frozenset({
    "urllib3.Retry", "urllib3.util.Retry", "urllib3.util.retry.Retry", "requests.packages.urllib3.util.retry.Retry",
})  # fmt: skip
_FAR = 2  # calls between the retry and the POST


def notice(body: Body) -> Iterator[Mark]:
    """POSTs that make something, retries with the lines that they repeat, and urllib3's retries with POST."""
    for call in body.calls("Retry"):
        if body.name(call.func) in _RETRY and _takes_post(body, call):
            yield body.mark(RULE.code, call, kind="adapter", text=body.brief(call, 90))
    if body.function is None or any(_SPEAKS.search(line) for line in body.lines):
        return
    posts = [call for call in body.calls("post", "request") if _is_post(body, call)]
    tried = tried_again(body, posts)
    for post in posts:
        if not _is_swallowed(body, post, tried):
            yield body.mark(RULE.code, post, kind="post", made=_made(body, post), text=body.brief(post, 90))
    for each in tried:
        yield body.mark(
            RULE.code,
            each.node,
            kind="tried",
            text=each.text,
            first=each.lines.start,
            last=each.lines.stop - 1,
        )


def _is_post(body: Body, call: ast.Call) -> bool:
    name = body.name(call.func)
    if name in _POSTS:
        return True
    return name in _REQUESTS and bool(call.args) and body.constant(call.args[0]) in ("POST", "post")


def _made(body: Body, post: ast.Call) -> str:
    """The word that says that a POST makes something: of its address, or of the function around it."""
    where = _address(body, post)
    names = [spelled(body.symbol.rpartition(".")[2]), spelled(where)]
    if any(_HARMLESS.search(name) for name in (*names, spelled(body.symbol), spelled(body.module.file))):
        return ""
    found = next((m for m in map(_MAKES.search, names) if m is not None), None)
    return found.group(2) if found is not None else ""


def _address(body: Body, post: ast.Call) -> str:
    """The fixed parts of the address."""
    given = next((k.value for k in post.keywords if k.arg == "url"), None)
    place = 0 if last_name(post.func) == "post" else 1
    if given is None and len(post.args) > place:
        given = post.args[place]
    shown = body.value(given) if given is not None else None
    return (
        " ".join(
            str(n.value) if isinstance(n, ast.Constant) else last_name(n)
            for n in ast.walk(shown)
            if isinstance(n, ast.Constant | ast.Name | ast.Attribute)
        )
        if shown is not None
        else ""
    )


def _is_swallowed(body: Body, post: ast.Call, tried: list[Tried]) -> bool:
    """Whether an error of this POST ends in the function: no retry sees it."""
    own = {id(t.node) for t in tried}
    return any(
        isinstance(around, ast.Try)
        and id(around) not in own
        and any(post in ast.walk(s) for s in around.body)
        and any(
            is_open(h.type) and not any(isinstance(n, ast.Raise) for n in ast.walk(h))
            for h in around.handlers
        )
        for around in body.around(post)
    )


def _takes_post(body: Body, call: ast.Call) -> bool:
    """Whether urllib3 repeats POSTs whose answer did not come."""
    given = keyword(call, "allowed_methods") or keyword(call, "method_whitelist")
    shown = body.value(given) if given is not None else None
    reads = keyword(call, "read")
    if shown is None or (isinstance(reads, ast.Constant) and not reads.value):
        return False
    if isinstance(shown, ast.Constant):
        return shown.value is None or shown.value is False
    return any(isinstance(n, ast.Constant) and n.value == "POST" for n in ast.walk(shown))


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each retry."""
    posts = {m.function: m for m in marks(project, RULE, "post") if m.fact("made")}
    for mark in marks(project, RULE, "tried"):
        found = _post_below(project, mark, posts)
        if found is None:
            continue
        post, path = found
        ways = ways_to(project, mark.function)
        yield tell(
            RULE,
            mark,
            ways,
            message=f"{mark.fact('text')} sends {post.fact('text')} again when the answer did not come: it may have arrived",
            impact="after a timeout the other service has it twice",
            solution="send an Idempotency-Key that stays the same for all tries, or retry only connections that were never made",
            confidence=0.8,
            places=[post.span, *(s.span for s in path)],
        )
    yield from _adapters(project, posts)


def _post_below(project: Project, mark: Mark, posts: dict[str, Mark]) -> tuple[Mark, tuple[Step, ...]] | None:
    """The POST that a retry repeats, in its lines or in what they call."""
    first, last = int(mark.fact("first")), int(mark.fact("last"))
    here = posts.get(mark.function)
    if here is not None and first <= here.span.line <= last:
        return here, ()
    function = project.source.functions.get(mark.function)
    calls = function.calls if function is not None else ()
    waiting: list[tuple[Call, tuple[Step, ...]]] = [(c, ()) for c in calls if first <= c.span.line <= last]
    seen: set[str] = set()
    while waiting:
        call, path = waiting.pop(0)
        target = project.source.functions.get(call.target)
        if target is None or target.id in seen or call.background:
            continue
        seen.add(target.id)
        further = (*path, Step(call.text, call.span))
        if target.id in posts:
            return posts[target.id], further
        if len(further) < _FAR:
            waiting += [(c, further) for c in target.calls]
    return None


def _adapters(project: Project, posts: dict[str, Mark]) -> Iterator[Finding]:
    """urllib3's retries with POST, in a file whose sessions make something."""
    for mark in marks(project, RULE, "adapter"):
        post = next(
            (
                m
                for m in posts.values()
                if m.span.file == mark.span.file and "requests" not in m.fact("text").split(".")[0]
            ),
            None,
        )
        if post is None:
            continue
        yield tell(
            RULE,
            mark,
            ways_to(project, post.function),
            message=f"{mark.fact('text')} repeats {post.fact('text')} when the answer did not come: it may have arrived",
            impact="after a timeout the other service has it twice",
            solution="leave POST out of allowed_methods, or send an Idempotency-Key",
            confidence=0.8,
            places=[post.span],
        )


_PAY = """
import httpx
from tenacity import retry, retry_if_exception_type, stop_after_attempt


"""

EXAMPLES = (
    Example(
        "a charge that any error repeats",
        plain(
            _PAY
            + """
@retry(stop=stop_after_attempt(3))
async def charge(cents: int) -> str:
    async with httpx.AsyncClient(timeout=5) as client:
        answer = await client.post("https://pay.example/charges", json={"cents": cents})
        return answer.json()["id"]


@app.post("/orders/{order_id}/pay")
async def pay(order_id: int):
    return await charge(100)
"""
        ),
        bad=True,
    ),
    Example(
        "a loop of one's own",
        plain("""
import httpx


def open_ticket(text: str) -> str:
    for attempt in range(3):
        try:
            answer = httpx.post("https://desk.example/tickets/create", json={"text": text})
            return answer.json()["id"]
        except httpx.HTTPError:
            time.sleep(2**attempt)
    raise HTTPException(502, "no desk")


@app.post("/complaints")
def complain(text: str):
    return open_ticket(text)
"""),
        bad=True,
    ),
    Example(
        "POST among what urllib3 repeats",
        plain("""
import requests
from requests.adapters import HTTPAdapter
from urllib3.util.retry import Retry

session = requests.Session()
session.mount("https://", HTTPAdapter(max_retries=Retry(total=3, allowed_methods=["GET", "POST"])))


@app.post("/orders/{order_id}/pay")
def pay(order_id: int):
    return session.post("https://pay.example/charges", json={"cents": 100}, timeout=5).json()
"""),
        bad=True,
    ),
    Example(
        "a key that stays the same",
        plain(
            _PAY
            + """
@retry(stop=stop_after_attempt(3))
async def charge(cents: int, key: str) -> str:
    async with httpx.AsyncClient(timeout=5) as client:
        answer = await client.post("https://pay.example/charges", json={"cents": cents}, headers={"Idempotency-Key": key})
        return answer.json()["id"]


@app.post("/orders/{order_id}/pay")
async def pay(order_id: int):
    return await charge(100, f"order-{order_id}")
"""
        ),
        mends="a charge that any error repeats",
    ),
    Example(
        "only connections that were never made",
        plain(
            _PAY
            + """
@retry(stop=stop_after_attempt(3), retry=retry_if_exception_type(httpx.ConnectError))
async def charge(cents: int) -> str:
    async with httpx.AsyncClient(timeout=5) as client:
        answer = await client.post("https://pay.example/charges", json={"cents": cents})
        return answer.json()["id"]


@app.post("/orders/{order_id}/pay")
async def pay(order_id: int):
    return await charge(100)
"""
        ),
    ),
    Example(
        "a POST that only asks",
        plain(
            _PAY
            + """
@retry(stop=stop_after_attempt(3))
async def search_goods(text: str) -> list:
    async with httpx.AsyncClient(timeout=5) as client:
        answer = await client.post("https://goods.example/search", json={"text": text})
        return answer.json()["hits"]


@app.get("/goods")
async def goods(text: str):
    return await search_goods(text)
"""
        ),
    ),
    Example(
        "a loop over pages, each of which is sent once",
        plain("""
import httpx


def send_pages(pages: list):
    for number in range(len(pages)):
        try:
            httpx.post("https://print.example/orders", json={"page": pages[number]})
            if number > 100:
                break
        except httpx.HTTPError:
            print("no printer")


@app.post("/print")
def print_all(pages: list[str]):
    send_pages(pages)
"""),
    ),
)
