"""The same statement once for each turn of a loop.

**What.** A loop asks the database for one row at a time: `for item in items: await stock.shelf(item.id)`. The
statement often stands in a repository two modules away from the loop.

**Why it costs.** n round trips where one would do; with a database on another machine each is about a
millisecond, whatever it asks.

**How it is found.** The same statement, executed four times or more from one line of the application within
one request. The loop is looked up along the stack that led there; without a loop in sight (recursion,
`gather`) ten repetitions are asked for. For routes that no run has served the source speaks alone.

**How to fix it.** Ask once for all keys before the loop (`where(Shelf.product_id.in_(ids))`) and look the
rows up in a dict.

**When it is no problem.** A loop whose turns are written in the source (`for status in ("open", "paid")`),
batches (`selectin` loading of many parents, `range(0, n, 500)`), the inserts of one flush, a `while True`
that waits for the database, a call after which the loop is left. A lazy load is
reported as DB001. A note only: a loop over one field of a request's body beside others, over a collection of one
object in a route that writes, over candidates until one is found, or one whose turns call another service too;
where a turn asks only for a key that it has not met, or after a failure; in work after the answer, and in what an
operator does now and then (a restore, a write for administrators).

**Sources.** SQLAlchemy, "Using IN": https://docs.sqlalchemy.org/en/20/core/operators.html
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

from strop.evidence import Evidence, Exchange
from strop.finding import Cost, Finding
from strop.project.body import Body
from strop.project.function import Call, Function, Reach
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules import turns
from strop.rules.code import Loop, calls_at, function_at, loops, loops_on_way, reaches, steps
from strop.rules.draft import draft
from strop.rules.example import Example, get
from strop.rules.led import leads
from strop.rules.rule import Rule
from strop.rules.sample import shop
from strop.rules.seldom import is_seldom
from strop.rules.served import Seen, answered, requests, statements_of
from strop.rules.syntax import goes_over_fields, is_batched, is_bounded, tries_again
from strop.rules.turns import Repeat, finite, repeats
from strop.rules.wording import many, number, time
from strop.span import Span, Step
from strop.sql.placeholder import normal
from strop.sql.statement import read_statement

WORDS = turns.WORDS
RULE = Rule("DB002", "query-in-loop", "database", "error", "The same statement for each turn of a loop")

LEAST = 4  # repetitions in one request: three can be three questions, four of the same are a loop
BLIND_LEAST = 10  # where no loop is seen in the source, so that only real repetition is reported
_SELECTIN = "POSTCOMPILE_primary_keys"  # selectin loading asks for 500 parents at a time
_SCHEMA = ("DropTable", "DropConstraint", "CreateTable", "CreateIndex")  # a statement each is their nature
_CATALOGUES = ("sqlite_", "pg_", "information_schema")  # reflection asks for each table, as it must
_ASKS = frozenset(
    [
        "execute",
        "scalars",
        "scalar",
        "stream",
        "stream_scalars",
        "exec",
        "get",
        "get_one",
        "all",
        "first",
        "one",
        "one_or_none",
        "query",
        "count",
    ]
)  # calls that execute a statement themselves
_REDIS = frozenset(
    {"get", "hget", "hgetall", "exists", "ttl", "smembers", "lrange", "zrange", "sismember", "hmget"}
)  # what has a form for many keys, or fits into a pipeline
_FLUSHES = ("commit", "flush", "close", "begin", "refresh", "merge")  # calls that write what was collected


@dataclass(frozen=True, slots=True)
class _Group:
    """The repetitions of one statement from one line in one request."""

    exchange: Exchange
    seen: tuple[Seen, ...]

    @property
    def stack(self) -> tuple[Span, ...]:
        """The longest stack that was kept, innermost first."""
        stacks = [s.query.stack for s in self.seen]
        own = self.seen[0].query.span
        return max(stacks, key=len, default=()) or ((own,) if own is not None else ())

    @property
    def saved(self) -> float:
        """What one statement for all would save, in us."""
        return median(s.elapsed for s in self.seen) * (len(self.seen) - 1)


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each statement and line that a loop repeats."""
    if evidence is None:
        yield from _unserved(project)
        return
    yield from _static(project, answered(evidence))
    found: dict[tuple[str, Span], list[_Group]] = defaultdict(list)
    for exchange in evidence.exchanges:
        for (text, place), seen in _repeated(exchange).items():
            found[text, place].append(_Group(exchange, tuple(seen)))
    for (_, place), groups in found.items():
        worst = max(groups, key=lambda g: len(g.seen))
        if len(worst.seen) >= LEAST:
            around = list(loops(project, worst.stack))
            open_ended = [loop for loop in around if not _is_finite(project, loop)]
            if _is_cause(project, place, worst, around, open_ended):
                yield _finding(project, evidence, place, groups, next(iter(open_ended), None))


def _repeated(exchange: Exchange) -> dict[tuple[str, Span], list[Seen]]:
    found: dict[tuple[str, Span], list[Seen]] = defaultdict(list)
    if len(exchange.queries) < LEAST:
        return found
    for seen in statements_of(exchange):
        query = seen.query
        if query.span is None or query.relationship or query.many > 1 or _SELECTIN in query.statement:
            continue
        if read_statement(query.statement).table.startswith(_CATALOGUES):
            continue
        place = Span(query.span.file, query.span.line, query.span.symbol)
        found[normal(query.statement), place].append(seen)
    return {key: seen for key, seen in found.items() if len(seen) >= 2}


def _is_finite(project: Project, loop: Loop) -> bool:
    """Whether more data gives the loop no more turns, or hardly any."""
    return is_bounded(project, loop.span) or is_batched(project, loop.span)


def _is_cause(
    project: Project, place: Span, worst: _Group, around: list[Loop], open_ended: list[Loop]
) -> bool:
    writes = read_statement(worst.seen[0].query.statement).kind != "select"
    if writes and (not around or _flushes(project, place)):
        return False  # a flush sends what was added, a statement for each object where it must
    if not around:
        return len(worst.seen) >= BLIND_LEAST
    return bool(open_ended)


def _flushes(project: Project, place: Span) -> bool:
    function = function_at(project, place)
    calls = calls_at(function, place.line) if function is not None else []
    return any(c.name.rpartition(".")[2] in _FLUSHES for c in calls)


def _finding(
    project: Project, evidence: Evidence, place: Span, groups: list[_Group], loop: Loop | None
) -> Finding:
    worst = max(groups, key=lambda g: len(g.seen))
    routes = {g.exchange.route for g in groups if g.exchange.route}
    count = requests(evidence, routes)
    saved = sum(g.saved for g in groups)
    queries = sum(len(g.seen) - 1 for g in groups) / count
    statement = worst.seen[0].query.statement
    table = read_statement(statement).table or "the database"
    where = f"by the loop at {loop.span}" if loop is not None else "in one request"
    return draft(
        RULE,
        place,
        routes,
        message=f"{table} is asked {many(len(worst.seen), 'time')} {where}",
        impact=f"{number(queries)} statements a request too many, {time(saved / count)} a request",
        solution=_solution(project, place, table, worst),
        known="measured",
        confidence=0.95 if loop is not None else 0.7,
        chain=steps(worst.stack, project),
        cost=Cost(queries=queries, total=saved),
        facts={
            "statement": statement,
            "loop_line": loop.span.line if loop is not None else "",
            "loop_file": loop.span.file if loop is not None else "",
        },
    )


def _solution(project: Project, place: Span, table: str, worst: _Group) -> str:
    """What to do about it: rows that were just written can't be asked for before the loop."""
    function = function_at(project, place)
    calls = calls_at(function, place.line) if function is not None else []
    names = {c.name.rpartition(".")[2] for c in calls}
    if "refresh" in names:
        return f"write first and read {table} back once for all keys, or leave out the refresh where the database fills in nothing"
    if not names & _ASKS and worst.exchange.commits and all(s.query.rows <= 1 for s in worst.seen):
        stale = "a commit makes what is loaded stale, so that reading it loads each object again"
        if worst.exchange.commits * 2 >= len(worst.seen):
            return f"commit once, after the loop: {stale}"
        return f"read {table} again with one statement, or use it before the commit: {stale}"
    return f"ask {table} once for all keys, before the loop"


def _static(project: Project, served: Counter[str]) -> Iterator[Finding]:
    """Statements that the source has in an open-ended loop, for routes that no run has served."""
    for function in project.source.functions.values():
        for call in function.calls:
            if not _asks(call):
                continue
            ways = [w for w in reaches(project, function.id, ("loop", "thread")) if not served[w.route]]
            looped = [
                (w, loop) for w in ways if (loop := _open_ended(project, function, call, w)) is not None
            ]
            if looped:
                yield _unmeasured(function, call, looped)


def _asks(call: Call) -> bool:
    """Whether a call asks for data: no flush, no change of the schema, nothing that happens once."""
    if call.effect is None or call.effect.kind != "queries" or call.once:
        return False
    last = call.name.rpartition(".")[2]
    return last not in _FLUSHES and not any(word in call.text for word in _SCHEMA)


def _open_ended(project: Project, function: Function, call: Call, way: Reach) -> Loop | None:
    around = loops_on_way(project, function, call, way)
    no_rows = (goes_over_fields, tries_again)
    open_ended = (
        x for x in around if not _is_finite(project, x) and not any(t(project, x.span) for t in no_rows)
    )
    return next(open_ended, None)


def _unmeasured(function: Function, call: Call, looped: list[tuple[Reach, Loop]]) -> Finding:
    way, loop = looped[0]
    return draft(
        RULE,
        Span(call.span.file, call.span.line, function.span.symbol),
        {w.route for w, _ in looped},
        message=f"{call.text} for each turn of the loop at {loop.span}",
        impact="as many statements as turns; how many was not measured",
        solution="ask once for all keys, before the loop",
        known="static",
        confidence=0.5,
        severity="warning",
        chain=(*way.chain, Step(call.text, call.span)),
        facts={"loop_line": loop.span.line, "loop_file": loop.span.file},
    )


def notice(body: Body) -> Iterator[Mark]:
    """Loops whose turns don't follow the data."""
    yield from finite(body, RULE.code)


def _unserved(project: Project) -> Iterator[Finding]:
    """What the source alone says: every loop of a route that asks once a turn, through any number of calls."""
    for repeat in repeats(project, RULE.code, _asks_one):
        ways = reaches(project, repeat.function.id, ("loop", "thread"))
        if ways:
            yield _said(project, repeat, ways)


def _asks_one(call: Call) -> bool:
    """Whether a call is one question to a database, a document store or Redis."""
    if _asks(call):
        return True
    owner, _, last = call.name.rpartition(".")
    return owner.startswith("redis.") and "ipeline" not in owner and last in _REDIS


def _is_little(project: Project, repeat: Repeat, ways: list[Reach]) -> bool:
    """Whether hardly anybody would mend it: few turns, or only a write of one object with its parts."""
    if is_seldom(project, ways):
        return True
    if repeat.little == "collection":
        return not any(way.route.startswith("GET ") for way in ways)
    return bool(repeat.little)


def _calls_out(project: Project, repeat: Repeat) -> bool:
    """Whether a turn waits for another service too: that costs what a hundred questions do."""
    turn = (c for c in repeat.function.calls if c.loop == repeat.call.loop and not c.background)
    return any("calls" in leads(project, call) for call in turn)


def _said(project: Project, repeat: Repeat, ways: list[Reach]) -> Finding:
    deep = len(repeat.path) - 1
    asked = repeat.last.text
    through = f" through {repeat.call.text}" if deep else ""
    return draft(
        RULE,
        Span(
            repeat.call.span.file,
            repeat.call.span.line,
            repeat.function.span.symbol,
            repeat.call.span.end_line,
        ),
        {w.route for w in ways},
        message=f"{asked}{through} for each turn of the loop at {repeat.loop}",
        impact="as many round trips as turns; how many was not measured",
        solution="ask once for all keys before the loop, and look the rows up in a dict",
        known="static",
        confidence=round(max(0.75 - 0.08 * deep, 0.4), 2),
        severity="note" if _is_little(project, repeat, ways) or _calls_out(project, repeat) else "warning",
        chain=(*ways[0].chain, *repeat.path),
        facts={"loop_line": repeat.loop.line, "loop_file": repeat.loop.file},
    )


EXAMPLES = (
    Example(
        "three calls below the loop, by the source alone",
        shop(
            """
import services


@app.post("/labels")
async def make_labels(ids: list[int], session: AsyncSession = Depends(get_async_session)):
    return [await services.label(session, number) for number in ids]
""",
            services="""
import repository


async def label(session, number):
    return await title(session, number)


async def title(session, number):
    return f"{number}: {await repository.Orders(session).number(number)}"
""",
            repository="""
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession


class Orders:
    def __init__(self, session: AsyncSession):
        self.session = session

    async def number(self, key):
        return await self.session.scalar(text("SELECT number FROM orders WHERE id = :id"), {"id": key})
""",
        ),
        bad=True,
    ),
    Example(
        "batches, another try and pages, by the source alone",
        shop("""
@app.post("/orders/numbers")
def read_numbers(ids: list[int], session: Session = Depends(get_session)):
    found = []
    for start in range(0, len(ids), 500):
        found += session.scalars(select(Order.number).where(Order.id.in_(ids[start : start + 500])))
    for attempt in range(settings_of(session)):
        session.execute(select(1))
    offset = 0
    while page := session.scalars(select(Order.id).offset(offset).limit(100)).all():
        offset += len(page)
    return found


def settings_of(session):
    return 3
"""),
        bad=False,
    ),
    Example(
        "over a list that begins empty and is filled, by the source alone",
        shop("""
@app.post("/orders/known")
def known_orders(texts: list[str], session: Session = Depends(get_session)):
    ids = []
    for text in texts:
        ids.append(int(text))
    return [session.get(Order, number).number for number in ids]
"""),
        bad=True,
    ),
    Example(
        "only a key that no turn has met is asked for: a note",
        shop("""
@app.post("/orders/numbers")
def order_numbers(ids: list[int], session: Session = Depends(get_session)):
    numbers = {}
    for number in ids:
        if number not in numbers:
            numbers[number] = session.get(Order, number).number
    return [numbers[number] for number in ids]
"""),
        bad=True,
    ),
    Example(
        "in work after the answer: a note",
        shop("""
from fastapi import BackgroundTasks


def check(ids, session: Session):
    for number in ids:
        session.get(Order, number)


@app.post("/orders/checks")
def check_orders(ids: list[int], tasks: BackgroundTasks, session: Session = Depends(get_session)):
    tasks.add_task(check, ids, session)
"""),
        bad=True,
    ),
    Example(
        "an operator restores what was saved: a note",
        shop("""
@app.post("/restore")
def restore(ids: list[int], session: Session = Depends(get_session)):
    return [session.get(Order, number).number for number in ids]
"""),
        bad=True,
    ),
    Example(
        "many rows are collected before one statement takes them",
        shop("""
@app.post("/orders/batches")
def read_batches(ids: list[int], session: Session = Depends(get_session)):
    waiting, found = [], []
    for number in ids:
        waiting.append(number)
        if len(waiting) >= 500:
            found += session.scalars(select(Order.number).where(Order.id.in_(waiting)))
            waiting = []
    return found
"""),
        bad=False,
    ),
    Example(
        "the parts of one path",
        shop("""
@app.get("/orders/by-path")
def by_path(path: str, session: Session = Depends(get_session)):
    return [session.scalar(select(Order.id).where(Order.number == part)) for part in path.split("/")]
"""),
        bad=False,
    ),
    Example(
        "the branch with the question leaves the loop",
        shop("""
@app.post("/orders/first")
def first_order(ids: list[int], session: Session = Depends(get_session)):
    for number in ids:
        if number > 100:
            found = session.get(Order, number)
            return {"number": found.number}
    return {}
"""),
        bad=False,
    ),
    Example(
        "the turns are written in the source, in a list that another module keeps",
        shop(
            """
from defaults import statuses


@app.get("/statuses")
def count_statuses(session: Session = Depends(get_session)):
    return [session.scalar(select(func.count(Order.id)).where(Order.status == status)) for status in statuses]
""",
            defaults="""
statuses = ["open", "paid", "sent", "lost", "new"]
""",
        ),
        bad=False,
    ),
    Example(
        "another table each turn",
        shop("""
@app.delete("/everything")
def empty(kinds: list[str], session: Session = Depends(get_session)):
    tables = {"orders": Order, "items": Item}
    for kind in kinds:
        table = tables[kind]
        session.execute(select(table))
    return {}
"""),
        bad=False,
    ),
    Example(
        "waiting for the database",
        shop("""
def answers(session: Session):
    session.execute(select(1))
    return True


@app.get("/orders")
def list_orders(wait: bool = False, session: Session = Depends(get_session)):
    while True:
        if answers(session):
            return {}
"""),
        (),
        bad=False,
    ),
    Example(
        "in a repository, from a loop in a service",
        shop(
            """
import services


@app.get("/picklist")
def read_picklist(session: Session = Depends(get_session)):
    return services.picklist(session, 12)
""",
            services="""
import repository


def picklist(session, count):
    return [label(session, number) for number in range(1, count + 1)]


def label(session, number):
    return f"{number}: {repository.first_quantity(session, number)}"
""",
            repository="""
from sqlalchemy import text


def first_quantity(session, order_id):
    return session.scalar(text("SELECT quantity FROM items WHERE order_id = :order"), {"order": order_id})
""",
        ),
        get("/picklist"),
        bad=True,
    ),
    Example(
        "one row at a time by its key, on the asynchronous engine",
        shop("""
@app.get("/orders")
async def read_orders(session: AsyncSession = Depends(get_async_session)):
    found = []
    for number in await session.scalars(select(Item.order_id).distinct()):
        order = await session.get(Order, number)
        found.append(order.number)
    return found
"""),
        get("/orders"),
        bad=True,
    ),
    Example(
        "the turns of the loop are written in the source",
        shop("""
@app.get("/statuses")
def count_statuses(session: Session = Depends(get_session)):
    counts = {}
    for status in ("open", "paid", "sent", "lost", "new"):
        counts[status] = session.scalar(select(func.count(Order.id)).where(Order.status == status))
    return counts
"""),
        get("/statuses"),
        bad=False,
    ),
    Example(
        "one question for all",
        shop("""
@app.get("/picklist")
def read_picklist(session: Session = Depends(get_session)):
    rows = session.execute(select(Item.order_id, Item.quantity).where(Item.order_id.in_(range(1, 13))))
    quantities = dict(row.t for row in rows)
    return [quantities.get(number) for number in range(1, 13)]
"""),
        get("/picklist"),
        bad=False,
    ),
    Example(
        "many parents, loaded in batches by the ORM",
        shop("""
@app.get("/all")
def read_all(session: Session = Depends(get_session)):
    orders = session.scalars(select(Order).options(selectinload(Order.items)))
    return sum(len(order.items) for order in orders)
"""),
        get("/all"),
        bad=False,
    ),
)
