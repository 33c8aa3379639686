"""What happened inside one request, before above after on one time scale? Geometry; templates draw it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from msgspec import Struct

from strop.evidence import Exchange
from strop.report.quantity import duration, plural
from strop.report.redaction import clean
from strop.report.result import Result
from strop.report.slope import Tick, shorten

BARS = 600  # of one lane; more would not be told apart
LANE, BAR = 24.0, 14.0
STATEMENTS = 6
COLUMNS = 8  # of a statement; more are counted


class Size(Struct, frozen=True):
    """A size of the picture; on a narrow one the lanes' names stand above their bars."""

    name: str
    width: int
    left: float
    right: float
    above: bool


SIZES = (Size("wide", 1040, 96.0, 1020.0, False), Size("narrow", 358, 2.0, 346.0, True))


class Bar(Struct, frozen=True):
    """A stretch of time; `kind` chooses its look."""

    kind: str
    x: float
    width: float
    title: str
    label: str = ""


class Lane(Struct, frozen=True):
    """What happened of one sort."""

    name: str
    y: float
    bars: tuple[Bar, ...]


class Band(Struct, frozen=True):
    """One serving of the request."""

    name: str  # Before, After
    y: float
    lanes: tuple[Lane, ...]
    facts: str
    end: float  # where the request ended


class Waterfall(Struct, frozen=True):
    """One picture of both servings."""

    size: Size
    height: float
    bands: tuple[Band, ...]
    ticks: tuple[Tick, ...]  # `y` holds the x of each tick
    description: str


class Repeated(Struct, frozen=True):
    """A statement, how often it ran, and the line that caused it."""

    times: int
    statement: str
    cause: str
    rows: int
    duration: int


class Served(Struct, frozen=True):
    """One request before and after."""

    before: Exchange
    after: Exchange

    @property
    def route(self) -> str:
        """Method and path template."""
        return self.before.route


def _changed(served: Served) -> bool:
    def facts(exchange: Exchange) -> tuple[int, int, bool]:
        return len(exchange.queries), sum(q.rows for q in exchange.queries), bool(exchange.blocks)

    return facts(served.before) != facts(served.after)


def pick(result: Result) -> Served | None:
    """The request that gained most, without secrets; None unless both runs served one.

    A request counts by the time that it gained only where its statements, rows or stalls changed too: the
    first request of a process is slow for other reasons.
    """
    after = {exchange.cell: exchange for exchange in result.final.exchanges} if result.final else {}
    pairs = [Served(before, after[before.cell]) for before in result.base.exchanges if before.cell in after]
    if not pairs:
        return None
    best = max(
        pairs, key=lambda pair: (_changed(pair), pair.before.duration - pair.after.duration, pair.before.cell)
    )
    return Served(clean(best.before), clean(best.after))


def draw_waterfall(served: Served, size: Size) -> Waterfall:
    """The picture in one size."""
    longest = max(served.before.duration, served.after.duration, 1)
    scale = (size.right - size.left) / longest
    before = _band("Before", served.before, size, scale, 26.0)
    after = _band("After", served.after, size, scale, before.lanes[-1].y + LANE + 34.0)
    height = after.lanes[-1].y + LANE + 4.0
    return Waterfall(size, height, (before, after), _ticks(longest, size, scale), _describe(served))


def repeated(exchange: Exchange) -> tuple[Repeated, ...]:
    """Statements of a request by how often they ran."""
    times = Counter(
        (query.statement, query.relationship, str(query.span or "")) for query in exchange.queries
    )
    found = []
    for (statement, relationship, place), number in times.most_common(STATEMENTS):
        key = (statement, relationship, place)
        same = [q for q in exchange.queries if (q.statement, q.relationship, str(q.span or "")) == key]
        lazy = f"lazy load of {relationship}" if relationship else ""
        cause = ", ".join(part for part in (lazy, place) if part) or "a library alone"
        rows, spent = sum(q.rows for q in same), sum(q.duration for q in same)
        found.append(Repeated(number, shorten(brief(statement), 400), cause, rows, spent))
    return tuple(found)


def brief(statement: str) -> str:
    """The statement on one line; of many columns the first is named and the others are counted."""
    text = re.sub(r"\(__\[POSTCOMPILE_\w+\]\)", "(…)", " ".join(statement.split()))
    depth, commas = 0, []
    for token in re.finditer(r"[(),]| FROM ", text):
        depth += {"(": 1, ")": -1}.get(token[0], 0)
        if depth == 0 and token[0] == ",":
            commas.append(token.start())
        elif depth == 0 and token[0] == " FROM ":
            if len(commas) >= COLUMNS and text.startswith("SELECT "):
                return f"{text[: commas[0]]} … {len(commas)} more{text[token.start() :]}"
            break
    return text


def _band(name: str, exchange: Exchange, size: Size, scale: float, top: float) -> Band:
    step = LANE + (14.0 if size.above else 0.0)
    y = top + 18.0 + (18.0 if size.above else 0.0)
    lanes = []
    for lane_name, spans in _lanes(exchange):
        bars = tuple(_bar(span, size, scale) for span in spans[:BARS])
        lanes.append(Lane(lane_name, y, bars))
        y += step
    return Band(
        name,
        top,
        tuple(lanes),
        _facts(exchange, short=size.above),
        round(size.left + exchange.duration * scale, 1),
    )


_Stretch = tuple[str, float, float, str, str]  # kind, start, duration, title, label


def _lanes(exchange: Exchange) -> Iterator[tuple[str, list[_Stretch]]]:
    phases: list[_Stretch] = []
    waits: list[_Stretch] = []
    for phase in exchange.phases:
        short = phase.name.rpartition(":")[2]
        where = ", in a thread" if phase.thread else ""
        title = f"{phase.kind} {short}: {duration(phase.duration)}{where}"
        phases.append((phase.kind, phase.start, phase.duration, title, short))
        if phase.wait:
            start = max(phase.start - phase.wait, 0)
            waits.append(
                ("wait", start, phase.wait, f"{short} waited {duration(phase.wait)} for a thread", "")
            )
    yield "phases", phases
    if waits:
        yield "thread wait", waits
    yield (
        "queries",
        [
            (
                "loop" if q.on_loop else "query",
                q.start,
                q.duration,
                f"{q.relationship or 'query'}: {duration(q.duration)}, {plural(q.rows, 'row')}",
                "",
            )
            for q in exchange.queries
        ],
    )
    if exchange.outbound:
        yield (
            "calls out",
            [
                ("outbound", o.start, o.duration, f"{o.method} {o.url}: {duration(o.duration)}", "")
                for o in exchange.outbound
            ],
        )
    if exchange.blocks:
        yield "loop blocked", list(_blocks(exchange))


def _blocks(exchange: Exchange) -> Iterator[_Stretch]:
    """Stalls where they happened; those without a known start are laid end to end from zero."""
    unplaced = 0
    for block in exchange.blocks:
        start = block.start if block.start >= 0 else unplaced
        unplaced += block.duration if block.start < 0 else 0
        spent = max(min(block.duration, exchange.duration - start), 0)  # a sample may end after the answer
        place = f" in {block.stack[0].symbol}, {block.stack[0]}" if block.stack else ""
        unsure = "" if block.start >= 0 else ", when is not known"
        yield ("block", start, spent, f"loop blocked {duration(block.duration)}{place}{unsure}", "")


def _bar(stretch: _Stretch, size: Size, scale: float) -> Bar:
    kind, start, spent, title, label = stretch
    x = min(size.left + start * scale, size.right)
    width = max(min(spent * scale, size.right - x), 1.5)
    fits = int((width - 8) / 6.4)
    return Bar(kind, round(x, 1), round(width, 1), title, label if len(label) <= fits else "")


def _facts(exchange: Exchange, short: bool = False) -> str:
    parts = [duration(exchange.duration), plural(len(exchange.queries), "query", "queries")]
    parts += [] if short else [f"{duration(exchange.cpu)} CPU"]
    if blocked := sum(block.duration for block in exchange.blocks):
        parts.append(f"loop blocked {duration(min(blocked, exchange.duration))}")
    return " · ".join(parts)


def _ticks(longest: int, size: Size, scale: float) -> tuple[Tick, ...]:
    wanted = 4 if size.above else 8
    step = 1
    while longest / step > wanted:
        step = step * 5 // 2 if str(step).startswith("2") else step * 2
    return tuple(
        Tick(round(size.left + at * scale, 1), duration(at) if at else "0")
        for at in range(0, longest + 1, step)
    )


def _describe(served: Served) -> str:
    return f"{served.route} before: {_facts(served.before)}. After: {_facts(served.after)}."
