"""What holds the event loop? Views that the rules about the loop share."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from msgspec import Struct

from strop.evidence import Block, Evidence, Exchange, Query
from strop.project.function import Call, Function, Reach
from strop.project.project import Project
from strop.project.route import Route
from strop.rules.code import function_at, function_id, handler, reaches
from strop.rules.served import answered, phase_at
from strop.span import Span

LIBRARIES = ("sqlalchemy", "sqlmodel")
SESSIONS = ("sqlalchemy.", "sqlmodel.")  # effects whose statements the probe sees one by one
COMPUTES = 0.5  # share of CPU from which a block computed; below it waited
# How a step begins that FastAPI, Starlette or Pydantic makes, not the handler.
_ENTRIES = ("depends on ", "middleware ", "validates ", "response model ")
# What the probe would have seen: an effect of these that it did not see did not happen.
_SEEN = (
    "requests.",
    "httpx.",
    "urllib",
    "time.sleep",
    "subprocess.",
    "open",
    "io.open",
    "pathlib.",
    *SESSIONS,
)


class Site(Struct, frozen=True):
    """A call with an effect that holds the loop, and the ways on which the loop gets there."""

    function: Function
    call: Call
    ways: tuple[Reach, ...]

    @property
    def lines(self) -> range:
        """The lines of the call."""
        return range(self.call.span.line, max(self.call.span.end_line, self.call.span.line) + 1)

    def is_at(self, span: Span | None) -> bool:
        """Whether a place lies in the call."""
        return span is not None and span.file == self.call.span.file and span.line in self.lines


def sites(project: Project, kind: str) -> Iterator[Site]:
    """Calls with an effect of this kind that the event loop makes itself while a request waits."""
    for function in project.source.functions.doing(kind):
        ways = on_loop(project, function)
        for call in function.calls if ways else ():
            free = call.off_loop or call.once or call.background or call.awaited
            if call.effect is not None and call.effect.kind == kind and not free:
                yield Site(function, call, ways)


def on_loop(project: Project, function: Function) -> tuple[Reach, ...]:
    """The ways on which the loop itself runs a function; the answer of a `def` handler is serialized in a thread."""
    found = reaches(project, function.id, ("loop", "serialization"))
    served_async = {r.key for r in project.imported.routes if r.is_async}
    return tuple(r for r in found if r.context == "loop" or r.route in served_async)


def root(project: Project, way: Reach) -> Function | None:
    """What FastAPI calls itself at the begin of a way: the handler, or the dependency or middleware that it goes through."""
    entry = way.chain[0] if way.chain else None
    if len(way.chain) > 1 and way.chain[1].text.startswith(_ENTRIES):
        entry = way.chain[1]
    return function_at(project, entry.span) if entry is not None else None


def ran(evidence: Evidence, routes: Iterable[str]) -> bool:
    """Whether the run served one of these routes with success."""
    served = answered(evidence)
    return any(served[route] for route in routes)


def stood(project: Project, site: Site, exchanges: Iterable[Exchange]) -> int:
    """us for which the loop did nothing else in these requests, where the handler that calls awaits nothing."""
    awaitless = {
        way.route for way in site.ways if (first := root(project, way)) is not None and not first.awaits
    }
    served = {id(e): e for e in exchanges if e.route in awaitless}.values()
    return sum(p.duration for e in served for p in e.phases if p.kind == "handler" and not p.thread)


def would_be_seen(call: Call) -> bool:
    """Whether the probe sees this effect whenever it happens."""
    return call.effect is not None and call.effect.name.startswith(_SEEN)


def blocks_at(evidence: Evidence, site: Site) -> list[tuple[Exchange, Block]]:
    """The blocks of the run whose stack goes through the call."""
    return [(e, b) for e in evidence.exchanges for b in e.blocks if any(site.is_at(s) for s in b.stack)]


def computed(block: Block) -> bool:
    """Whether the loop was busy rather than waiting."""
    return block.cpu >= COMPUTES * block.duration


class Session(Struct, frozen=True):
    """Statements of a synchronous session that one handler, dependency or background task made the loop wait for."""

    function: Function
    served: tuple[tuple[Exchange, Query], ...]

    @property
    def routes(self) -> set[str]:
        """Routes whose requests waited."""
        return {e.route for e, _ in self.served if e.route}

    @property
    def blocked(self) -> int:
        """us of the run during which the loop waited for the database."""
        return sum(q.duration for _, q in self.served)


def sessions(project: Project, evidence: Evidence) -> list[Session]:
    """Synchronous statements on the loop, by the handler, dependency or background task that is to blame."""
    found: dict[str, list[tuple[Exchange, Query]]] = defaultdict(list)
    routes = {r.key: r for r in project.imported.routes}
    for exchange in evidence.exchanges:
        for query in exchange.queries:
            route = routes.get(exchange.route)
            if query.on_loop and route is not None:
                found[_blamed(project, exchange, query, route)].append((exchange, query))
    functions = project.source.functions
    return [Session(functions[name], tuple(served)) for name, served in found.items() if name in functions]


def _blamed(project: Project, exchange: Exchange, query: Query, route: Route) -> str:
    """The id of the asynchronous handler, dependency or background task that ran when the statement did."""
    phase = phase_at(exchange, query.start, ("dependency", "handler", "serialize", "background"))
    if phase is not None and phase.kind == "background":
        task = function_at(project, query.stack[-1] if query.stack else query.span)
        return task.id if task is not None else ""
    if phase is not None and phase.kind == "dependency":
        found = next((d for d in route.dependencies if d.name == phase.name and d.is_async), None)
        if found is not None:
            return function_id(found.name, found.span)
    served = handler(project, route) if route.is_async else None
    if served is not None:
        return served.id
    asynchronous = next((d for d in reversed(route.dependencies) if d.is_async and d.span is not None), None)
    return function_id(asynchronous.name, asynchronous.span) if asynchronous is not None else ""
