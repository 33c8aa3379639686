"""What did the run see? Views of evidence that several rules need."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from msgspec import Struct

from strop.evidence import Evidence, Exchange, Phase, Query
from strop.span import Span


class Seen(Struct, frozen=True):
    """One statement in the request that executed it.

    `elapsed` are the us from its start until the request did something else: the statement, its rows, the
    objects that were made of them and what the application did with those.
    """

    exchange: Exchange
    query: Query
    elapsed: int


def statements(evidence: Evidence) -> Iterator[Seen]:
    """Every statement of the run, request by request, in order of time."""
    for exchange in evidence.exchanges:
        yield from statements_of(exchange)


def statements_of(exchange: Exchange) -> Iterator[Seen]:
    """Every statement of one request, in order of time."""
    ordered = sorted(exchange.queries, key=lambda q: q.start)
    for place, query in enumerate(ordered):
        end = phase_end(exchange, query.start) or query.start + query.duration
        if place + 1 < len(ordered):
            end = min(end, ordered[place + 1].start)
        yield Seen(exchange, query, max(end - query.start, query.duration))


def phase_at(exchange: Exchange, moment: int, kinds: Iterable[str] = ()) -> Phase | None:
    """The innermost part of the request that ran at a moment, of the given kinds if there are any."""
    wanted = set(kinds)
    around = [
        p
        for p in exchange.phases
        if p.start <= moment <= p.start + p.duration and (not wanted or p.kind in wanted)
    ]
    return min(around, key=lambda p: p.duration, default=None)


def phase_end(exchange: Exchange, moment: int) -> int:
    """When the part of the request that ran at a moment ended, 0 if none is known."""
    phase = phase_at(exchange, moment)
    return phase.start + phase.duration if phase is not None else 0


def requests(evidence: Evidence, routes: Iterable[str]) -> int:
    """How many requests of these routes the run saw, at least 1 so that costs can be divided by it."""
    wanted = set(routes)
    return sum(e.route in wanted for e in evidence.exchanges) or 1


def answered(evidence: Evidence) -> Counter[str]:
    """How many requests of each route got as far as an answer that is no refusal: their handlers ran."""
    return Counter(e.route for e in evidence.exchanges if e.route and e.status < 400)


def place(span: Span) -> tuple[str, int]:
    """File and line, without what a span carries besides."""
    return span.file, span.line


def usual(evidence: Evidence, exchanges: Iterable[Exchange]) -> bool:
    """Whether something that happened in these requests keeps happening.

    What only a first request does (imports, templates, a singleton that is filled) is no cost of a request. Cells
    and the suite are served by processes of their own, each of which has a first request. Routes that were asked
    once were asked again for this.
    """
    happened = Counter((e.route, bool(e.test)) for e in {id(e): e for e in exchanges}.values())
    all_of = Counter((e.route, bool(e.test)) for e in evidence.exchanges)
    again = set(evidence.repeated)
    return any(
        (times >= 2 or (key[0] in again and not key[1])) and times * 2 >= all_of[key]
        for key, times in happened.items()
    )
