"""A call that waits is made on the event loop.

**What.** Code that the event loop runs (an `async def` handler or dependency, and every helper that it calls)
waits for a file, the network, another process or a synchronous database session.

**Why it costs.** The loop does nothing else meanwhile: every other request of this worker waits too. With a
synchronous connection pool it can become a deadlock.

**How it is found.** In the source: library calls that are known to block, in a function that a route reaches
on the loop, at any depth. In the run: statements of a synchronous engine on the loop's thread, audit events
(files, sockets, sleeps, processes), and the stack of each standstill of the loop. What a run should have shown
and did not is left out.

What waits for another machine, for a process or for a lock is an error. Work on files is a warning where it is seen to be large
(uploads, archives, images, saved models and tables, file after file in a loop); text, one file and a folder that is listed are a
note. So are one row of a database that is a file (SQLite, by all that the project names), calls on a detour (where something has
failed, or is not there or not ready yet), what stands before the end of the process, names that administrators have resolved, work on files beside a question to a language model, a few statements of a session there, where a
login of another service ends or for the news of a payment service, work on files where plugins are installed, and code that lies more than eight steps
from its route or in a folder of examples.

**How to fix it.** `await run_in_threadpool(f, ...)`, or `def` in place of `async def` where nothing is
awaited, or an asynchronous library.

**When it is no problem.** Rows that an asynchronous session makes objects of (too many rows, rather: DB003, DB008),
`mkdir` and the like, what only looks (a `timeout` of 0, `get(False)`, a flag that no caller sets), a future asked by the function that it calls when it is done, start-up code, what `lru_cache`, a module's singleton or a filled dictionary keeps, work that
is handed to a thread. For a synchronous session there is one finding for each async function that waits for it, and
not one a statement or a route; one for a file where they are many. Handlers that await nothing are ASY003's.

**Sources.** FastAPI, "Concurrency and async / await": https://fastapi.tiangolo.com/async/ ;
https://github.com/fastapi/fastapi/issues/2484
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from strop.evidence import Block, Blocking, Evidence, Exchange
from strop.finding import Cost, Finding
from strop.project.body import Body
from strop.project.function import Function, Reach
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules import called_back, detours, ending, nearby
from strop.rules.code import calls_at, function_at, head, is_once, steps
from strop.rules.draft import draft
from strop.rules.example import Example, get
from strop.rules.held import confidence, held, severity
from strop.rules.loop import (
    SESSIONS,
    Session,
    Site,
    blocks_at,
    computed,
    ran,
    root,
    sessions,
    sites,
    stood,
    would_be_seen,
)
from strop.rules.rule import Rule
from strop.rules.sample import plain, shop
from strop.rules.served import place, requests, usual
from strop.rules.standstill import Cause, Standstill
from strop.rules.wording import many, number, time
from strop.span import Span, Step

RULE = Rule("ASY001", "blocking-call", "async", "error", "A call that waits on the event loop")

KINDS = ("function", "module", "class")
_Place = tuple[str, int]
_IMPACT = "every other request of the worker waits meanwhile"


WORDS = detours.WORDS | ending.WORDS | nearby.WORDS | called_back.WORDS


def notice(body: Body) -> Iterator[Mark]:
    """What a usual request does not come to, what ends the process, and which databases are files: they say how long a
    call waits.
    """
    yield from detours.detours(body, RULE.code)
    yield from ending.endings(body, RULE.code)
    yield from nearby.databases(body, RULE.code)
    yield from called_back.note_callbacks(body, RULE.code)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each call that waits, and one for each handler with a synchronous session."""
    if evidence is None:
        yield from _read(project)
        return
    known: set[_Place] = set()
    told: set[tuple[str, str]] = set()
    by_root: dict[str, list[tuple[Site, Reach]]] = defaultdict(list)
    for site in sites(project, "blocks"):
        if site.call.effect is not None and site.call.effect.name.startswith(SESSIONS):
            for way in site.ways:
                by_root[getattr(root(project, way), "id", "")].append((site, way))
            continue
        if (site.call.span.file, site.call.span.line) not in known and not _is_instant(site):
            for finding in _judge(project, evidence, site):
                # what no run saw: the steps of one conversation (connect, log in, send) are one cause
                key = (site.function.id, site.call.effect.note if site.call.effect is not None else "")
                if finding.known == "measured" or key not in told:
                    told.add(key)
                    yield finding
        known |= {(site.call.span.file, line) for line in site.lines}
    for session in sessions(project, evidence):
        known |= {place(q.span) for _, q in session.served if q.span is not None}
        unserved = {w.route for _, w in by_root.pop(session.function.id, [])}
        yield _session(project, evidence, session, unserved)
    exercised = {e.route for e in evidence.exchanges}
    untouched = {
        name: [(s, w) for s, w in found if w.route not in exercised] for name, found in by_root.items()
    }
    yield from _unmeasured_sessions(project, {name: found for name, found in untouched.items() if found})
    yield from _unforeseen(project, evidence, known)


def _is_instant(site: Site) -> bool:
    """mkdir, rename and the like: some microseconds on any disk that is not a network's."""
    return site.call.effect is not None and "touches" in site.call.effect.note


def _read(project: Project) -> Iterator[Finding]:
    """By the source alone: calls that wait, and async functions with a synchronous session."""
    still = Standstill.of(project)
    solution = (
        "hand it to the thread pool (`await run_in_threadpool(f, ...)`), or use an asynchronous library"
    )
    yield from held(RULE, still, "blocks", impact=_IMPACT, solution=solution)
    for cause in still.sessions():
        yield _of_session(cause)


def _of_session(cause: Cause) -> Finding:
    name = cause.function.span.symbol
    also = f", and so do {many(len(cause.others), 'function')} beside it" if cause.others else ""
    return draft(
        RULE,
        head(cause.function),
        cause.routes,
        message=f"{name} waits for a synchronous database session on the event loop{also}",
        impact=_IMPACT,
        solution="hand the work with the session to the thread pool, or use AsyncSession",
        known="static",
        confidence=confidence(cause.hold),
        severity=severity(cause.hold),
        chain=cause.chain,
        facts={"call": cause.hold.call.text, "function": cause.function.id, "handler": cause.function.id},
        places=cause.others,
    )


def _judge(project: Project, evidence: Evidence, site: Site) -> Iterator[Finding]:
    """What the source says of one call, as the run confirms it, contradicts it or does not know."""
    routes = {way.route for way in site.ways}
    events = [(e, b) for e in evidence.exchanges for b in e.blocking if site.is_at(b.span)]
    waits = [(e, o.duration) for e in evidence.exchanges for o in e.outbound if site.is_at(o.span)]
    stands = [(e, b.duration) for e, b in blocks_at(evidence, site) if not computed(b)]
    happened = [e for e, _ in events] + [e for e, _ in waits] + [e for e, _ in stands]
    if happened:
        if usual(evidence, happened):
            blocked = max(sum(d for _, d in stands), sum(d for _, d in waits), stood(project, site, happened))
            yield _call(project, site, {e.route for e in happened if e.route}, evidence, float(blocked))
    elif not (would_be_seen(site.call) and ran(evidence, routes)):
        yield _call(project, site, routes)


def _distinct(exchanges: list[Exchange]) -> list[Exchange]:
    return list({id(e): e for e in exchanges}.values())


def _call(
    project: Project,
    site: Site,
    routes: set[str],
    evidence: Evidence | None = None,
    blocked: float = 0,
) -> Finding:
    effect = site.call.effect
    note = effect.note if effect is not None else "waits"
    files = "file" in note
    way = next((w for w in site.ways if w.route in routes), site.ways[0])
    first = root(project, way)
    count = requests(evidence, routes) if evidence is not None else 1
    took = f", {time(blocked / count)} a request" if blocked else ""
    return draft(
        RULE,
        Span(site.call.span.file, site.call.span.line, site.function.span.symbol),
        routes,
        message=f"{site.call.name} {note} on the event loop",
        impact=f"every other request of the worker waits meanwhile{took}",
        solution="hand it to the thread pool, or make the handler `def` if it awaits nothing",
        known="measured" if evidence is not None else "static",
        confidence=0.95 if evidence is not None else 0.5 if files else 0.7,
        chain=way.chain if way.chain and way.chain[-1].span == site.call.span else (*way.chain, _step(site)),
        cost=Cost(blocked=blocked / count, total=blocked),
        facts={
            "call": site.call.text,
            "function": site.function.id,
            "handler": first.id if first is not None else "",
        },
        severity="warning" if files and not blocked else None,
    )


def _step(site: Site) -> Step:
    return Step(site.call.text, site.call.span)


def _session(project: Project, evidence: Evidence, session: Session, more: set[str]) -> Finding:
    """A synchronous session on the loop: the handler or dependency is the cause, whatever it asks."""
    count = requests(evidence, session.routes)
    _, query = max(session.served, key=lambda pair: pair[1].duration)
    stack = query.stack or ((query.span,) if query.span is not None else ())
    asked = len(session.served) / count
    return draft(
        RULE,
        session.function.span,
        session.routes | more,
        message=f"{session.function.span.symbol} waits for a synchronous database session on the event loop",
        impact=f"{many(asked, 'statement')} a request hold the loop for {time(session.blocked / count)}",
        solution="make it `def` if it awaits nothing, hand the work to the thread pool, or use AsyncSession",
        known="measured",
        confidence=0.97,
        chain=steps(stack, project),
        cost=Cost(blocked=session.blocked / count, total=float(session.blocked)),
        facts={
            "call": _text(project, query.span),
            "function": session.function.id,
            "handler": session.function.id,
        },
    )


def _text(project: Project, span: Span | None) -> str:
    function = function_at(project, span)
    calls = calls_at(function, span.line) if function is not None and span is not None else []
    return max((c.text for c in calls), key=len, default="")


def _unmeasured_sessions(project: Project, by_root: dict[str, list[tuple[Site, Reach]]]) -> Iterator[Finding]:
    for name, found in by_root.items():
        function = project.source.functions.get(name)
        if function is None:
            continue
        site, way = min(found, key=lambda pair: (len(pair[1].chain), pair[0].call.span))
        yield draft(
            RULE,
            function.span,
            {w.route for _, w in found},
            message=f"{function.span.symbol} waits for a synchronous database session on the event loop",
            impact="every other request of the worker waits meanwhile",
            solution="make it `def` if it awaits nothing, hand the work to the thread pool, or use AsyncSession",
            known="static",
            confidence=0.7,
            chain=(*way.chain, _step(site)),
            facts={"call": site.call.text, "function": function.id, "handler": function.id},
        )


def _unforeseen(project: Project, evidence: Evidence, known: set[_Place]) -> Iterator[Finding]:
    """What the run saw and the source did not tell: calls of libraries that are in no catalogue."""
    events: dict[tuple[str, _Place], list[tuple[Exchange, Blocking]]] = defaultdict(list)
    stands: dict[_Place, list[tuple[Exchange, Block]]] = defaultdict(list)
    for exchange in evidence.exchanges:
        session = any(q.on_loop for q in exchange.queries)
        for event in exchange.blocking:
            of_session = session and event.name in ("sqlite3.connect", "socket.connect", "open")
            if event.span is not None and place(event.span) not in known and not of_session:
                events[event.name, place(event.span)].append((exchange, event))
        for block in exchange.blocks:
            seen = {place(s) for s in block.stack}
            asked = {place(q.span) for q in exchange.queries if q.span is not None}
            if block.stack and not computed(block) and not seen & (known | asked):
                stands[place(block.stack[0])].append((exchange, block))
    for (name, where), found in events.items():
        if usual(evidence, (e for e, _ in found)) and not is_once(project, found[0][1].span):
            blocked = [b for _, b in stands.pop(where, [])]
            spans = [b.span for _, b in found if b.span is not None]
            yield _seen(project, evidence, name, spans[0], [e for e, _ in found], blocked)
    for cases in stands.values():
        one = cases[0][1]
        if usual(evidence, (e for e, _ in cases)) and not is_once(project, one.stack[0]):
            blocked = [b for _, b in cases]
            yield _seen(project, evidence, one.name, one.stack[0], [e for e, _ in cases], blocked)


def _seen(
    project: Project,
    evidence: Evidence,
    name: str,
    span: Span,
    exchanges: list[Exchange],
    blocks: list[Block],
) -> Finding:
    function = function_at(project, span)
    routes = {e.route for e in exchanges if e.route}
    count = requests(evidence, routes)
    blocked = float(sum(b.duration for b in blocks))
    stack = max((b.stack for b in blocks), key=len, default=(span,))
    took = f" for {time(blocked / count)}" if blocked else ""
    times = len(_distinct(exchanges))
    return draft(
        RULE,
        span,
        routes,
        message=f"{_text(project, span) or span.symbol} waits on the event loop ({name})",
        impact=f"holds the loop{took} in {number(times)} of {number(count)} requests",
        solution="hand it to the thread pool, or make the handler `def` if it awaits nothing",
        known="measured",
        confidence=0.85,
        chain=steps(stack, project),
        cost=Cost(blocked=blocked / count, total=blocked),
        facts={
            "call": _text(project, span) or name,
            "function": function.id if function is not None else "",
            "handler": _outermost(project, stack),
        },
        severity=None if blocked or name != "open" else "warning",
    )


def _outermost(project: Project, stack: tuple[Span, ...]) -> str:
    function: Function | None = function_at(project, stack[-1]) if stack else None
    return function.id if function is not None else ""


_ADDRESS = """
from email_validator import validate_email


def clean(address: str, ask: bool = False) -> str:
    return validate_email(address.lower(), check_deliverability=ask).normalized


async def find(address: str, ask=False) -> str:
    await asyncio.sleep(0)
    return clean(address, ask=ask)


@app.get("/members/{{address}}")
async def read_member(address: str):
    return {{"address": await find(address)}}


@app.post("/members")
async def add_member(address: str, sure: str = ""):
    return {{"address": await find(address{more})}}
"""

EXAMPLES = (
    Example("no caller has the name asked for", plain(_ADDRESS.format(more=""))),
    Example(
        "one caller may have the name asked for", plain(_ADDRESS.format(more=", ask=not sure")), bad=True
    ),
    Example(
        "only looks whether there is anything",
        plain("""
import queue
import select
import threading

waiting = queue.Queue()
slots = threading.Semaphore(3)


@app.get("/output")
async def read_output(handle: int):
    while not select.select([handle], [], [], 0)[0]:
        await asyncio.sleep(0.1)
    if slots.acquire(timeout=0):
        return waiting.get(False)
    return waiting.get(timeout=0)
"""),
        bad=False,
    ),
    Example(
        "waits until there is something",
        plain("""
import select


@app.get("/output")
async def read_output(handle: int):
    while not select.select([handle], [], [], 1)[0]:
        await asyncio.sleep(0.1)
    return {"handle": handle}
"""),
        bad=True,
    ),
    Example(
        "one statement at the end of a login: a note",
        shop("""
@app.get("/oidc/callback")
async def finish_login(name: str, session: Session = Depends(get_session)):
    await asyncio.sleep(0)
    return {"id": session.scalar(select(Customer.id).where(Customer.name == name))}


import asyncio
"""),
        bad=True,
    ),
    Example(
        "few statements for the news of a payment service: a note",
        {
            name: text.replace("sqlite:///shop.db", "postgresql://shop")
            for name, text in shop("""
@app.post("/webhooks/stripe")
async def take_news(customer_id: int, session: Session = Depends(get_session)):
    await asyncio.sleep(0)
    session.get(Customer, customer_id).name = "paying"
    session.commit()
    return {}


import asyncio
""").items()
        },
        bad=True,
    ),
    Example(
        "a plugin is unpacked: a note",
        plain("""
import shutil


@app.post("/plugins")
async def install_plugin(name: str):
    await asyncio.sleep(0)
    shutil.unpack_archive(name, "/srv/plugins")
    return {"name": name}
"""),
        bad=True,
    ),
    Example(
        "a plugin's folder is copied, for who is an administrator: a note",
        plain("""
import shutil

from pydantic import BaseModel

OPEN_TO_ALL = os.environ.get("OPEN_TO_ALL") == "yes"


class Person(BaseModel):
    name: str
    admin: bool = False


def person(name: str = "") -> Person:
    return Person(name=name)


def may_build(who: Person = Depends(person)) -> None:
    if not OPEN_TO_ALL and not who.admin:
        raise HTTPException(403, "Not for you")


@app.post("/themes/build", dependencies=[Depends(may_build)])
async def build_theme(theme: str):
    await asyncio.sleep(0)
    for part in ("colours", "fonts"):
        shutil.copytree(f"/srv/themes/{part}", f"/srv/built/{theme}/{part}")
    return {"theme": theme}


import os
"""),
        bad=True,
    ),
    Example(
        "a folder is copied for whoever owns it or is an administrator",
        plain("""
import shutil

from pydantic import BaseModel


class Person(BaseModel):
    name: str
    admin: bool = False


def person(name: str = "") -> Person:
    return Person(name=name)


def may_build(theme: str, who: Person = Depends(person)) -> None:
    if theme != who.name and not who.admin:
        raise HTTPException(403, "Not for you")


@app.post("/themes/build", dependencies=[Depends(may_build)])
async def build_theme(theme: str):
    await asyncio.sleep(0)
    for part in ("colours", "fonts"):
        shutil.copytree(f"/srv/themes/{part}", f"/srv/built/{theme}/{part}")
    return {"theme": theme}
"""),
        bad=True,
    ),
    Example(
        "a future asked by the function that it calls when it is done",
        plain("""
from concurrent.futures import Future, ThreadPoolExecutor

pool = ThreadPoolExecutor()


def tell(done: Future, name: str) -> None:
    if done.exception():
        print(name)


@app.post("/sums")
async def begin_sum(name: str):
    await asyncio.sleep(0)
    begun = pool.submit(sum, [1, 2])
    begun.add_done_callback(lambda done: tell(done, name))
    return {"name": name}
"""),
    ),
    Example(
        "the same function called at once",
        plain("""
from concurrent.futures import Future, ThreadPoolExecutor

pool = ThreadPoolExecutor()


def tell(done: Future, name: str) -> None:
    if done.exception():
        print(name)


@app.post("/sums")
async def begin_sum(name: str):
    await asyncio.sleep(0)
    tell(pool.submit(sum, [1, 2]), name)
    return {"name": name}
"""),
        bad=True,
    ),
    Example(
        "a folder that is made where it is not there yet: a note",
        plain("""
import shutil


def theme_folder(theme: str) -> Path:
    folder = Path("/srv/built") / theme
    if not folder.is_dir():
        for part in ("colours", "fonts"):
            shutil.copytree(f"/srv/themes/{part}", folder / part)
    return folder


@app.get("/themes/{theme}")
async def read_theme(theme: str):
    await asyncio.sleep(0)
    return {"theme": str(theme_folder(theme))}
"""),
        bad=True,
    ),
    Example(
        "what is made ready once: a note",
        plain("""
import requests


class Rates:
    ready = False

    def prepare(self):
        if self.ready:
            return
        self.known = requests.get("https://rates.test", timeout=3).json()
        self.ready = True


rates = Rates()


@app.get("/rates/{name}")
async def read_rate(name: str):
    await asyncio.sleep(0)
    rates.prepare()
    return rates.known[name]
"""),
        bad=True,
    ),
    Example(
        "the same few statements where users wait",
        {
            name: text.replace("sqlite:///shop.db", "postgresql://shop")
            for name, text in shop("""
@app.post("/orders/{customer_id}/close")
async def close_orders(customer_id: int, session: Session = Depends(get_session)):
    await asyncio.sleep(0)
    session.get(Customer, customer_id).name = "paying"
    session.commit()
    return {}


import asyncio
""").items()
        },
        bad=True,
    ),
    Example(
        "two helpers away from the handler",
        plain(
            """
from pictures import render


@app.get("/picture")
async def read_picture():
    await asyncio.sleep(0)
    return render("logo")
""",
            pictures="""
import time


def render(name):
    return fetch(name).upper()


def fetch(name):
    time.sleep(0.03)
    return name
""",
        ),
        get("/picture"),
        bad=True,
    ),
    Example(
        "a synchronous session in an asynchronous dependency",
        shop("""
async def current_customer(session: Session = Depends(get_session)):
    return session.get(Customer, 1)


@app.get("/me")
async def read_me(customer: Customer = Depends(current_customer)):
    return {"name": customer.name}
"""),
        get("/me"),
        bad=True,
    ),
    Example(
        "handed to the thread pool",
        plain("""
def slow():
    time.sleep(0.03)
    return "done"


@app.get("/slow")
async def read_slow():
    return await run_in_threadpool(slow)


@app.get("/plain")
def read_plain():
    return slow()
"""),
        get("/slow") + get("/plain"),
        bad=False,
    ),
    Example(
        "once, behind lru_cache",
        plain("""
@lru_cache
def settings():
    return Path(__file__).read_text()[:3]


@app.get("/settings")
async def read_settings():
    return settings()
"""),
        get("/settings"),
        bad=False,
    ),
    Example(
        "before the first request",
        plain("""
WORDS = Path(__file__).read_text().split()


@app.get("/words")
async def read_words():
    return len(WORDS)
"""),
        get("/words"),
        bad=False,
    ),
    Example(
        "the asynchronous session",
        shop("""
@app.get("/customers")
async def list_customers(session: AsyncSession = Depends(get_async_session)):
    return list(await session.scalars(select(Customer.name)))
"""),
        get("/customers"),
        bad=False,
    ),
)
