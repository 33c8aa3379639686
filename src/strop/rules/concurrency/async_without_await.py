"""An `async def` handler that awaits nothing and waits on the event loop.

**What.** `async def` without a single `await`: the handler asks a synchronous session, reads files or computes,
and the event loop stands still from its first line to its last.

**Why it costs.** With `def` the same handler would run in the thread pool, forty at a time; with `async def`
they run one after the other, and everybody else waits in the same line.

**How it is found.** Handlers that the source shows without `await`, `async for` and `async with`, and that the
run shows to use a synchronous database session. Without a run, whatever the source shows to wait or to compute
for long in the handler or in what it calls; one finding for a file where they are many.

**How to fix it.** Write `def` in place of `async def`; FastAPI does the rest. Where other functions of the project await the
handler, hand what waits to the thread pool instead. So it is where the handler sets attributes of an object that the whole process
shares: the loop does it for one request after the other, threads would not; a lock must.

**When it is no problem.** A handler that does nothing which waits: `def` would only add a thread hop. A handler
that needs the loop (it makes tasks, asks for the running loop), itself or in what it calls, constructors too, is left alone.
A note where what waits stands in a `cached_property` of an object that outlives the request.

**Sources.** FastAPI, "Concurrency and async / await", section "In a hurry?":
https://fastapi.tiangolo.com/async/#in-a-hurry
"""

from __future__ import annotations

from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Cost, Finding
from strop.project.body import Body
from strop.project.function import Function
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules import loopbound, shared
from strop.rules.code import function_at, handler, head, steps
from strop.rules.draft import draft
from strop.rules.example import Example, get
from strop.rules.held import confidence, severity
from strop.rules.loop import SESSIONS, Session, root, sessions, sites
from strop.rules.rule import Rule
from strop.rules.sample import plain, shop
from strop.rules.served import requests
from strop.rules.standstill import Cause, Standstill
from strop.rules.told import marks
from strop.rules.wording import many, time
from strop.span import Step

RULE = Rule("ASY003", "async-without-await", "async", "error", "async def that awaits nothing and waits")

_NEEDS_LOOP = ("asyncio.", "anyio.")


def notice(body: Body) -> Iterator[Mark]:
    """What threads would change at once if a handler were `def`, and what they could not do at all."""
    yield from shared.changes(body, RULE.code)
    yield from loopbound.needs(body, RULE.code)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each handler."""
    if evidence is None:
        yield from _read(project)
        return
    candidates = _candidates(project)
    for session in sessions(project, evidence):
        if session.function.id in candidates:
            yield _measured(project, evidence, session)
    yield from _static(project, candidates, {e.route for e in evidence.exchanges})


def _read(project: Project) -> Iterator[Finding]:
    """By the source alone: whatever waits or computes for long in them."""
    for cause in Standstill.of(project).handlers():
        name, hold = cause.function.span.symbol, cause.hold
        does = "waits for the database" if hold.session else f"{hold.call.name} {hold.effect.note}"
        change = _change(project, cause)
        also = f"; so it is with {many(len(cause.others), 'handler')} beside it" if cause.others else ""
        yield draft(
            RULE,
            head(cause.function),
            cause.routes,
            message=f"async def {name} awaits nothing, and {does} on the event loop{also}",
            impact="the loop stands still from its first line to its last",
            solution=_advice(cause, change),
            known="static",
            confidence=confidence(hold) + 0.05,  # nothing but `async` has to be taken away
            chain=cause.chain,
            facts={
                "function": cause.function.id,
                "shared": change.fact("what") if change is not None else "",
            },
            severity=severity(hold),
            places=cause.others,
        )


def _advice(cause: Cause, change: Mark | None) -> str:
    """`def`, unless functions of the project await the handler, or threads would change at once what all share."""
    name = cause.function.span.symbol
    if change is not None:
        return (
            f"await run_in_threadpool(...) around what waits, below an asyncio.Lock; not def, since two threads "
            f"would set {change.fact('what')} at once ({change.span})"
        )
    if not cause.awaited_by:
        return f"def {name}: FastAPI then runs it in the thread pool"
    callers = ", ".join(caller.rpartition(":")[2] for caller in cause.awaited_by[:3])
    return f"await run_in_threadpool(...) around what waits; not def, since {callers} would await it in vain"


def _change(project: Project, cause: Cause) -> Mark | None:
    """Where the handler, what it calls or what leads to the wait changes an object of the whole process."""
    passed = {found.id for step in cause.chain if (found := function_at(project, step.span)) is not None}
    passed |= {cause.function.id} | {c.target for c in cause.function.calls}
    return next((m for m in marks(project, RULE, shared.KIND) if m.function in passed), None)


def _candidates(project: Project) -> dict[str, Function]:
    """Handlers that are `async def`, await nothing and don't need the loop."""
    served = (handler(project, route) for route in project.imported.routes if route.kind == "http")
    return {
        f.id: f
        for f in served
        if f is not None
        and f.is_async
        and not f.awaits
        and not f.is_generator
        and not any(c.name.startswith(_NEEDS_LOOP) for c in f.calls)
        and not loopbound.leads_to_loop(project, f, RULE.code)
    }


def _measured(project: Project, evidence: Evidence, session: Session) -> Finding:
    count = requests(evidence, session.routes)
    name = session.function.span.symbol
    held = sum(
        phase.duration
        for exchange in {id(e): e for e, _ in session.served}.values()
        for phase in exchange.phases
        if phase.kind in ("handler", "serialize")
    )
    blocked = float(max(held, session.blocked))
    _, query = max(session.served, key=lambda pair: pair[1].duration)
    stack = query.stack or ((query.span,) if query.span is not None else ())
    asked = many(len(session.served) / count, "statement")
    return draft(
        RULE,
        session.function.span,
        session.routes,
        message=f"async def {name} awaits nothing and waits for the database on the event loop",
        impact=f"the loop stands still for {time(blocked / count)} a request ({asked})",
        solution=f"def {name}: FastAPI then runs it in the thread pool",
        known="measured",
        confidence=0.97,
        chain=steps(stack, project),
        cost=Cost(blocked=blocked / count, total=blocked),
        facts={"function": session.function.id},
    )


def _static(project: Project, candidates: dict[str, Function], exercised: set[str]) -> Iterator[Finding]:
    """Handlers whose routes no run has served."""
    found: dict[str, tuple[set[str], tuple[Step, ...]]] = {}
    for site in sites(project, "blocks"):
        if site.call.effect is None or not site.call.effect.name.startswith(SESSIONS):
            continue
        for way in site.ways:
            first = root(project, way)
            if first is not None and first.id in candidates and way.route not in exercised:
                routes, chain = found.get(
                    first.id, (set(), (*way.chain, Step(site.call.text, site.call.span)))
                )
                found[first.id] = (routes | {way.route}, chain)
    for name, (routes, chain) in found.items():
        symbol = candidates[name].span.symbol
        yield draft(
            RULE,
            candidates[name].span,
            routes,
            message=f"async def {symbol} awaits nothing and waits for the database on the event loop",
            impact="the loop stands still from its first line to its last",
            solution=f"def {symbol}: FastAPI then runs it in the thread pool",
            known="static",
            confidence=0.75,
            chain=chain,
            facts={"function": name},
        )


EXAMPLES = (
    Example(
        "a synchronous session",
        shop("""
@app.get("/customers")
async def list_customers(session: Session = Depends(get_session)):
    return list(session.scalars(select(Customer.name)))
"""),
        get("/customers"),
        bad=True,
    ),
    Example(
        "sets what all requests share",
        shop("""
class Printer:
    tray = ""


printer = Printer()


def choose_tray(session: Session, name: str) -> None:
    found = session.scalar(select(Customer.name).where(Customer.name == name))
    printer.tray = found or "plain"


@app.post("/labels/{name}")
async def print_label(name: str, session: Session = Depends(get_session)):
    choose_tray(session, name)
    return {"tray": printer.tray}
"""),
        bad=True,
    ),
    Example(
        "makes an object that makes a task",
        plain("""
import subprocess


class Leases:
    def __init__(self, network: str):
        self.network = network
        subprocess.check_output(["dnsmasq", "--test"])
        asyncio.create_task(self.watch())

    async def watch(self):
        await asyncio.sleep(60)


@app.post("/leases/{network}")
async def serve_leases(network: str):
    leases = Leases(network)
    return {"network": leases.network}
"""),
        bad=False,
    ),
    Example(
        "asks whether there is a loop, and does without",
        plain("""
import subprocess


class Leases:
    def __init__(self, network: str):
        self.network = network
        subprocess.check_output(["dnsmasq", "--test"])
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            self.network = "none"


@app.post("/leases/{network}")
async def serve_leases(network: str):
    leases = Leases(network)
    return {"network": leases.network}
"""),
        bad=True,
    ),
    Example(
        "kept by the object that asks: a note",
        plain("""
from functools import cached_property

import httpx


class Login:
    @cached_property
    def settings(self) -> dict:
        return httpx.get("https://login.example/.well-known", timeout=5).json()


login = Login()


@app.get("/about")
async def about():
    return {"issuer": login.settings["issuer"]}
"""),
        bad=True,
    ),
    Example(
        "the same with def",
        shop("""
@app.get("/customers")
def list_customers(session: Session = Depends(get_session)):
    return list(session.scalars(select(Customer.name)))
"""),
        get("/customers"),
        bad=False,
    ),
    Example(
        "nothing that waits",
        plain("""
@app.get("/alive")
async def alive():
    return {"status": "ok"}
"""),
        get("/alive"),
        bad=False,
    ),
    Example(
        "it awaits",
        shop("""
@app.get("/customers")
async def list_customers(session: AsyncSession = Depends(get_async_session)):
    return list(await session.scalars(select(Customer.name)))
"""),
        get("/customers"),
        bad=False,
    ),
    Example(
        "events of a synchronous generator",
        plain("""
from queue import Queue

from sse_starlette.sse import EventSourceResponse

asked = Queue()


@app.post("/events")
async def send_events(number: int):
    def events():
        answers = Queue()
        asked.put_nowait((number, answers))
        while True:
            answer = answers.get()
            yield {"data": answer}
            if not answer:
                break

    return EventSourceResponse(events())
"""),
        bad=False,
    ),
    Example(
        "a list of what a synchronous generator gives",
        plain("""
from queue import Queue

asked = Queue()


@app.post("/events")
async def send_events(number: int):
    def events():
        answers = Queue()
        asked.put_nowait((number, answers))
        while True:
            answer = answers.get()
            yield {"data": answer}
            if not answer:
                break

    return list(events())
"""),
        bad=True,
    ),
)
