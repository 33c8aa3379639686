"""Lazy load of a relationship, once for each row: the N+1 query.

**What.** A list of objects is loaded with one statement, then reading a relationship of each emits one
more: 1 + n statements where two would do. The reading often hides in a helper, a property or the
response model, so no line of the handler shows it.

**Why it costs.** Each statement is a round trip, and the ORM's own work around it costs more than most
databases need to answer it.

**How it is found.** Statements that a lazy loader emitted are recorded with their relationship. A
relationship that one request loads three times or more is reported, at the statement that loaded the
owners; routes that share that statement share the finding. Owners that were themselves loaded one by one are
left to DB002: their loads would not get fewer. In the source: rows of a statement (or of a function that returns
one's) of which a loop or the response model reads a relationship that no option of the statement loads; under an
AsyncSession one object is enough, since there a lazy load fails.

**How to fix it.** Load the relationship with the owners: `.options(selectinload(Order.items))`, or
`joinedload` for a relationship to one; `lazy="selectin"` in the model when every reader wants it.

**When it is no problem.** One lazy load for one object (`GET /orders/{id}` that reads `order.customer`) is
not reported, nor is a relationship that the identity map already holds, since no statement is emitted.

**Sources.** SQLAlchemy, "Relationship Loading Techniques":
https://docs.sqlalchemy.org/en/20/orm/queryguide/relationships.html
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from statistics import median

from msgspec import Struct

from strop.evidence import Evidence, Exchange
from strop.finding import Cost, Finding
from strop.project.body import Body
from strop.project.function import Reach
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.table import Relationship
from strop.rules import lazily
from strop.rules.code import reaches, steps, table_of
from strop.rules.draft import draft
from strop.rules.example import Example, get
from strop.rules.lazily import Read, lazy_reads, note
from strop.rules.reading import is_read_often
from strop.rules.rule import Rule
from strop.rules.sample import plain, shop
from strop.rules.seldom import is_seldom
from strop.rules.served import Seen, requests, statements_of
from strop.rules.wording import listed, many, number, time
from strop.span import Span
from strop.sql.statement import read_statement

WORDS = lazily.WORDS
RULE = Rule("DB001", "lazy-load", "database", "error", "Lazy load of a relationship for each row")

LEAST = 3  # loads in one request: two can be two relationships of one object and its twin, three are a loop


class _Group(Struct, frozen=True):
    """The lazy loads of one relationship in one request, and the statement that loaded the owners.

    Owners that were loaded one by one, by `asked` statements, need as many loads: those are no waste.
    """

    exchange: Exchange
    loads: tuple[Seen, ...]
    parent: Seen | None
    asked: int

    @property
    def spare(self) -> int:
        """Statements that loading the relationship with the owners would save."""
        return max(0, len(self.loads) - self.asked)

    @property
    def saved(self) -> float:
        """What that would save, in us."""
        return median(s.elapsed for s in self.loads) * self.spare


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each relationship and statement that loads its owners."""
    if evidence is None:
        yield from _unserved(project)
        return
    found: dict[tuple[str, Span], list[_Group]] = defaultdict(list)
    for exchange in evidence.exchanges:
        for key, group in _groups(project, exchange):
            place = _place(group)
            if place is not None and group.spare:
                found[key, Span(place.file, place.line, place.symbol)].append(group)
    for (key, place), groups in found.items():
        if max(g.spare for g in groups) > LEAST - 2:
            yield _finding(project, evidence, key, place, groups)


def _groups(project: Project, exchange: Exchange) -> Iterator[tuple[str, _Group]]:
    if not any(q.relationship for q in exchange.queries):
        return
    ordered = tuple(statements_of(exchange))
    loads: dict[str, list[Seen]] = defaultdict(list)
    for seen in ordered:
        if seen.query.relationship:
            loads[seen.query.relationship].append(seen)
    for key, found in loads.items():
        parent = _parent(project, key, found[0], ordered)
        yield key, _Group(exchange, tuple(found), parent, _executions(parent, ordered))


def _executions(parent: Seen | None, ordered: tuple[Seen, ...]) -> int:
    """How many statements of the request loaded owners: of the table that the parent statement asks."""
    table = read_statement(parent.query.statement).table if parent is not None else ""
    asked = (read_statement(s.query.statement) for s in ordered if s.query.rows and not s.query.relationship)
    return max(1, sum(a.table == table and not a.aggregated for a in asked) if table else 1)


def _parent(project: Project, key: str, first: Seen, ordered: tuple[Seen, ...]) -> Seen | None:
    """The statement before the first load that made the owners: of their table, at a line of the application.

    Owners that were loaded lazily themselves lead on to the owners of those.
    """
    before = [s for s in ordered if s.query.start < first.query.start]
    relationship = project.relationship(key)
    owner = _owner_table(project, relationship) if relationship is not None else ""
    asked = [s for s in before if read_statement(s.query.statement).table == owner]
    named = asked or [s for s in before if owner in read_statement(s.query.statement).tables]
    plain = [s for s in named if not s.query.relationship and s.query.span is not None]
    if plain:
        return max(plain, key=lambda s: (s.query.rows > 1, s.query.start))
    for step in reversed(named):
        if step.query.relationship and step.query.relationship != key:
            first_of = next(s for s in ordered if s.query.relationship == step.query.relationship)
            return _parent(project, step.query.relationship, first_of, ordered)
    return None


def _owner_table(project: Project, relationship: Relationship) -> str:
    owner, _ = table_of(project, relationship)
    return owner.name if owner is not None else ""


def _place(group: _Group) -> Span | None:
    if group.parent is not None:
        return group.parent.query.span
    return next((s.query.span for s in group.loads if s.query.span is not None), None)


def _finding(project: Project, evidence: Evidence, key: str, place: Span, groups: list[_Group]) -> Finding:
    worst = max(groups, key=lambda g: g.spare)
    routes = {g.exchange.route for g in groups if g.exchange.route}
    count = requests(evidence, routes)
    saved = sum(g.saved for g in groups)
    relationship = project.relationship(key)
    reader = next((s.query.span for s in worst.loads if s.query.span is not None), None)
    where = f"in {reader.symbol}" if reader is not None else "while the answer is serialized"
    queries = sum(g.spare for g in groups) / count
    asked = "two" if worst.asked == 1 else number(2 * worst.asked)
    return draft(
        RULE,
        place,
        routes,
        message=f"lazy load of {key} {where}: {many(len(worst.loads), 'statement')} in one request",
        impact=f"1 + n statements: {number(queries)} a request too many, {time(saved / count)} a request",
        solution=f"load {key} together with its owners: "
        f"{asked} statements in place of {len(worst.loads) + worst.asked}",
        known="measured",
        confidence=0.98 if worst.parent is not None else 0.85,
        chain=steps(_stack(worst), project),
        cost=Cost(queries=queries, total=saved),
        facts={
            "relationship": key,
            "parent_file": place.file,
            "parent_line": place.line,
            "uselist": ("true" if relationship.uselist else "false") if relationship is not None else "",
        },
    )


def _stack(group: _Group) -> tuple[Span, ...]:
    """Who read the relationship, innermost first; who loaded the owners where no application line did."""
    own = max((s.query.stack for s in group.loads), key=len, default=())
    if own or group.parent is None:
        return own
    query = group.parent.query
    return query.stack or ((query.span,) if query.span is not None else ())


def notice(body: Body) -> Iterator[Mark]:
    """Loaded rows, and what is read of them."""
    yield from note(body, RULE.code)


def _unserved(project: Project) -> Iterator[Finding]:
    """What the source alone says: one finding for each statement, with all that is read of its rows lazily."""
    found: dict[Span, list[Read]] = defaultdict(list)
    for read in lazy_reads(project, RULE.code):
        if read.many or (read.is_async and read.relationship.uselist):
            found[read.place].append(read)
    for place, reads in found.items():
        routes = {key for r in reads for key in r.routes}
        ways = [w for r in reads for w in reaches(project, r.function, ("loop", "thread"))]
        routes |= {
            w.route for r in reads if not r.routes for w in reaches(project, r.function, ("loop", "thread"))
        }
        if routes:
            yield _said(project, place, reads, routes, [w for w in ways if w.route in routes])


def _said(project: Project, place: Span, reads: list[Read], routes: set[str], ways: list[Reach]) -> Finding:
    often = any(map(is_read_often, routes)) and not (ways and is_seldom(project, ways))
    first = reads[0]
    keys = sorted({r.relationship.key for r in reads})
    fails = any(r.is_async for r in reads)
    lists = any(r.relationship.uselist for r in reads)
    return draft(
        RULE,
        place,
        routes,
        message=f"lazy load of {listed(keys)} by {first.reader}, for rows that this statement loads without",
        impact="MissingGreenlet: an AsyncSession can't load lazily while the answer is made"
        if fails
        else "1 + n statements; how many was not measured",
        solution=f"load {listed(keys)} together with the owners, by .options(selectinload(...))",
        known="static",
        confidence=0.75 if lists else 0.6,
        severity="error" if fails and lists else "warning" if fails or often else "note",
        chain=min(ways, key=lambda w: len(w.chain)).chain if ways else (),
        facts={
            "relationship": first.relationship.key,
            "parent_file": place.file,
            "parent_line": place.line,
            "uselist": "true" if first.relationship.uselist else "false",
        },
    )


EXAMPLES = (
    Example(
        "an option that a flag of the function appends, by the source alone",
        shop("""
def find_orders(session: Session, with_items: bool = True):
    options = [joinedload(Order.customer)]
    if with_items:
        options.append(selectinload(Order.items.and_(Item.quantity > 0)))
    return list(session.scalars(select(Order).options(*options).limit(50)).all())


@app.get("/orders/sizes")
def list_sizes(session: Session = Depends(get_session)):
    return [len(order.items) for order in find_orders(session)]
"""),
        bad=False,
    ),
    Example(
        "in the response model, from a repository, by the source alone",
        shop("""
class Orders:
    def __init__(self, session: Session):
        self.session = session

    def latest(self):
        return self.session.scalars(select(Order).order_by(Order.id.desc()).limit(20)).all()


@app.get("/orders", response_model=list[OrderOut])
def list_orders(session: Session = Depends(get_session)):
    return Orders(session).latest()
"""),
        bad=True,
    ),
    Example(
        "in a loop over loaded rows, by the source alone",
        shop("""
@app.get("/lines")
def list_lines(session: Session = Depends(get_session)):
    found = {}
    for order in session.query(Order).filter(Order.status == "open").limit(20).all():
        found[order.number] = [item.quantity for item in order.items]
    return found
"""),
        bad=True,
    ),
    Example(
        "loaded with the owners, or not read, by the source alone",
        shop("""
@app.get("/orders", response_model=list[OrderOut])
def list_orders(session: Session = Depends(get_session)):
    asked = select(Order).order_by(Order.id).limit(20)
    return session.scalars(asked.options(selectinload(Order.items))).all()


@app.get("/rows", response_model=list[OrderRow])
def list_rows(session: Session = Depends(get_session)):
    return session.scalars(select(Order).order_by(Order.id).limit(20)).all()


@app.get("/orders/{order_id}", response_model=OrderOut)
def read_order(order_id: int, session: Session = Depends(get_session)):
    return session.scalars(select(Order).where(Order.id == order_id)).one()
"""),
        bad=False,
    ),
    Example(
        "in the response model",
        shop("""
@app.get("/orders", response_model=list[OrderOut])
def list_orders(session: Session = Depends(get_session)):
    return session.scalars(select(Order).order_by(Order.id).limit(20)).all()
"""),
        get("/orders"),
        bad=True,
    ),
    Example(
        "in a property that a helper in another module reads",
        shop(
            """
from totals import total


@app.get("/totals")
def list_totals(session: Session = Depends(get_session)):
    orders = session.scalars(select(Order).order_by(Order.id).limit(20)).all()
    return [total(order) for order in orders]
""",
            totals="""
def total(order):
    return order.quantity
""",
        ),
        get("/totals"),
        bad=True,
    ),
    Example(
        "already loaded eagerly",
        shop("""
@app.get("/orders", response_model=list[OrderOut])
def list_orders(session: Session = Depends(get_session)):
    return session.scalars(select(Order).options(selectinload(Order.items)).limit(20)).all()
"""),
        get("/orders"),
        bad=False,
    ),
    Example(
        "owners that are loaded one by one",
        shop("""
@app.get("/orders", response_model=list[OrderOut])
def list_orders(session: Session = Depends(get_session)):
    return [session.get(Order, number) for number in range(1, 6)]
"""),
        get("/orders"),
        bad=False,
    ),
    Example(
        "one object reads its relationship once",
        shop("""
@app.get("/orders/{order_id}", response_model=OrderOut)
def read_order(order_id: int, session: Session = Depends(get_session)):
    return session.get(Order, order_id)
"""),
        get("/orders/1"),
        bad=False,
    ),
    Example(
        "the identity map holds all that is asked for",
        shop("""
@app.get("/items")
def list_items(session: Session = Depends(get_session)):
    orders = {order.id: order for order in session.scalars(select(Order).limit(50))}
    return [item.order.number for item in session.scalars(select(Item)) if item.order_id in orders]
"""),
        get("/items"),
        bad=False,
    ),
    Example(
        "a mapped class in the answer gives its columns alone, by the source alone",
        plain("""
from sqlmodel import Field, Relationship, Session, SQLModel, create_engine, select

engine = create_engine("sqlite://")


class Team(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    players: list["Player"] = Relationship(back_populates="team")


class Player(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    team_id: int = Field(foreign_key="team.id", index=True)
    team: Team = Relationship(back_populates="players")


def get_session():
    with Session(engine) as session:
        yield session


@app.get("/players", response_model=list[Player])
def list_players(session: Session = Depends(get_session)):
    return session.exec(select(Player).limit(50)).all()
"""),
        bad=False,
    ),
)
