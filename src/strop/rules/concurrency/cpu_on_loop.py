"""A long computation runs on the event loop.

**What.** A password hash, a compressed archive, an image or a table of data is computed by code that the event
loop runs: an `async def` handler or dependency, or a helper of it.

**Why it costs.** The loop serves nobody else meanwhile. A password hash is slow on purpose: at 60 ms each, one
worker can answer at most 16 requests a second, whatever they ask for, while somebody logs in.

**How it is found.** In the source: library calls that are known to compute for long, in a function that a route
reaches on the loop. In the run: standstills of the loop that were busy, with the application's line.

**How to fix it.** `await run_in_threadpool(f, ...)` (hash functions release the GIL), or `def` in place of
`async def` where nothing is awaited.

What is over in a moment unless its input is large (one picture that is scaled, one small compression) is a note unless a loop
does it again and again, and so is any computing where all its requests wait for a language model or belong to administrators.

**When it is no problem.** The same work in a `def` handler, in a thread, at start-up or once; inputs so
small that half the requests of a run took less than five milliseconds of CPU (a password hash is reported even then, because
tests often make it cheap). A hash that is told to go through fewer than ten thousand rounds is over in a moment.

**Sources.** argon2-cffi, "FAQ": https://argon2-cffi.readthedocs.io/en/stable/faq.html ;
FastAPI, "Concurrency and async / await": https://fastapi.tiangolo.com/async/
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from statistics import median

from strop.evidence import Block, Evidence, Exchange
from strop.finding import Cost, Finding
from strop.project.project import Project
from strop.rules.burden import SLOW_HASH
from strop.rules.code import calls_at, function_at, is_once, steps
from strop.rules.draft import draft
from strop.rules.example import Example, get
from strop.rules.held import held
from strop.rules.loop import Site, blocks_at, computed, ran, root, sites
from strop.rules.rule import Rule
from strop.rules.sample import plain
from strop.rules.served import place, requests, usual
from strop.rules.standstill import Standstill
from strop.rules.wording import number, time
from strop.span import Span, Step

RULE = Rule("ASY002", "cpu-on-loop", "async", "error", "A long computation on the event loop")

LEAST_CPU = 5_000  # us of CPU of a request: below it nothing in it computed for long


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each call that computes for long on the loop."""
    if evidence is None:
        solution = "run it in the thread pool: `await run_in_threadpool(f, ...)`"
        impact = "the loop serves nobody else meanwhile"
        yield from held(RULE, Standstill.of(project), "burns", impact=impact, solution=solution)
        return
    known: set[tuple[str, int]] = set()
    for site in sites(project, "burns"):
        known |= {(site.call.span.file, line) for line in site.lines}
        yield from _judge(project, evidence, site)
    yield from _unforeseen(project, evidence, known)


def _judge(project: Project, evidence: Evidence, site: Site) -> Iterator[Finding]:
    routes = {way.route for way in site.ways}
    held = [(e, b) for e, b in blocks_at(evidence, site) if computed(b)]
    if held:
        seen = {e.route for e, _ in held if e.route}
        yield _call(project, site, seen, evidence, float(sum(b.duration for _, b in held)))
        return
    if _is_heavy(evidence, routes) or _is_hash(site) or not ran(evidence, routes):
        yield _call(project, site, routes)


def _is_heavy(evidence: Evidence, routes: set[str]) -> bool:
    """Whether a route's middle request computes for long: on a busy machine any one of them may seem to."""
    cpu: dict[str, list[float]] = defaultdict(list)
    for exchange in evidence.exchanges:
        if exchange.route in routes and exchange.status < 400:
            cpu[exchange.route].append(exchange.cpu)
    return any(median(values) >= LEAST_CPU for values in cpu.values())


def _is_hash(site: Site) -> bool:
    """Whether it is slow by design; a run can't contradict that, since tests often make hashes cheap."""
    return site.call.effect is not None and SLOW_HASH in site.call.effect.note


def _call(
    project: Project,
    site: Site,
    routes: set[str],
    evidence: Evidence | None = None,
    blocked: float = 0,
) -> Finding:
    effect = site.call.effect
    note = effect.note if effect is not None else "computes for long"
    sure = _is_hash(site)
    way = next((w for w in site.ways if w.route in routes), site.ways[0])
    first = root(project, way)
    count = requests(evidence, routes) if evidence is not None else 1
    took = f" for {time(blocked / count)} a request" if blocked else ""
    return draft(
        RULE,
        Span(site.call.span.file, site.call.span.line, site.function.span.symbol),
        routes,
        message=f"{site.call.name} {note} on the event loop",
        impact=f"the loop serves nobody else{took}",
        solution="run it in the thread pool, or make the handler `def` if it awaits nothing",
        known="measured" if evidence is not None else "static",
        confidence=0.95 if evidence is not None else 0.75 if sure else 0.4,
        chain=(*way.chain, Step(site.call.text, site.call.span)),
        cost=Cost(blocked=blocked / count, total=blocked),
        facts={
            "call": site.call.text,
            "function": site.function.id,
            "handler": first.id if first is not None else "",
        },
        severity=None if sure or evidence is not None else "warning",
    )


def _unforeseen(project: Project, evidence: Evidence, known: set[tuple[str, int]]) -> Iterator[Finding]:
    """Busy standstills at a line of the application that no statement's rows explain."""
    found: dict[tuple[str, int], list[tuple[Exchange, Block]]] = defaultdict(list)
    for exchange in evidence.exchanges:
        asked = {place(q.span) for q in exchange.queries if q.span is not None}
        lazy = any(q.relationship for q in exchange.queries)
        for block in exchange.blocks:
            lines = {place(s) for s in block.stack}
            if block.stack and computed(block) and not lines & (asked | known) and not lazy:
                found[place(block.stack[0])].append((exchange, block))
    for cases in found.values():
        if usual(evidence, (e for e, _ in cases)) and not is_once(project, cases[0][1].stack[0]):
            yield _measured(project, evidence, cases)


def _measured(project: Project, evidence: Evidence, held: list[tuple[Exchange, Block]]) -> Finding:
    longest = max((b for _, b in held), key=lambda b: b.duration)
    span = longest.stack[0]
    function = function_at(project, span)
    calls = calls_at(function, span.line) if function is not None else []
    call = max(calls, key=lambda c: len(c.text), default=None)
    name = (call.name if call is not None else "") or longest.name or span.symbol
    outer = function_at(project, longest.stack[-1])
    routes = {e.route for e, _ in held if e.route}
    count = requests(evidence, routes)
    total = float(sum(b.duration for _, b in held))
    return draft(
        RULE,
        span,
        routes,
        message=f"{name} computes on the event loop for {time(longest.duration)}",
        impact=f"the loop serves nobody else in {number(len(held))} of {number(count)} requests",
        solution="run it in the thread pool, or in a process if it is pure Python; or do less of it",
        known="measured",
        confidence=0.75,
        chain=steps(longest.stack, project),
        cost=Cost(blocked=total / count, cpu=sum(b.cpu for _, b in held) / count, total=total),
        facts={
            "call": call.text if call is not None else name,
            "function": function.id if function is not None else "",
            "handler": outer.id if outer is not None else "",
        },
    )


EXAMPLES = (
    Example(
        "a password hash in a helper",
        plain(
            """
from passwords import is_right


@app.get("/login")
async def login():
    await asyncio.sleep(0)
    return is_right("secret")
""",
            passwords="""
import hashlib


def is_right(word):
    return hashlib.pbkdf2_hmac("sha256", word.encode(), b"salt", 120_000).hex() != ""
""",
        ),
        get("/login"),
        bad=True,
    ),
    Example(
        "the same hash in a thread, and in a def handler",
        plain("""
def is_right(word):
    return hashlib.pbkdf2_hmac("sha256", word.encode(), b"salt", 120_000).hex() != ""


@app.get("/login")
async def login():
    return await run_in_threadpool(is_right, "secret")


@app.get("/check")
def check():
    return is_right("secret")
"""),
        get("/login") + get("/check"),
        bad=False,
    ),
    Example(
        "so few rounds that it is over in a moment",
        plain("""
@app.get("/label")
async def label(word: str):
    await asyncio.sleep(0)
    return hashlib.pbkdf2_hmac("sha256", word.encode(), b"label", 2048, 16).hex()
"""),
        get("/label?word=rose", times=5),
        bad=False,
    ),
    Example(
        "next to no work",
        plain("""
import zlib


@app.get("/tiny")
async def read_tiny():
    return len(zlib.compress(b"tiny"))
"""),
        get("/tiny", times=5),
        bad=False,
    ),
)
