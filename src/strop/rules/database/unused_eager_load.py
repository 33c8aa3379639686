"""A relationship is loaded eagerly and nobody reads it.

**What.** `selectinload(Order.payments)`, or a collection that the model joins by itself, for an answer in which
the payments don't appear.

**Why it costs.** A statement (or multiplied rows), and objects that are made and thrown away.

**How it is found.** The run knows which relationships each request loaded eagerly and which of those it read. A
relationship is reported where no request that loaded it by a statement read it, three requests at least.

**How to fix it.** Take the option out of that statement; where several callers share it, let each say what it
needs.

**When it is no problem.** A statement that several routes share, of which one reads the relationship; a
relationship to one that is joined (next to free); lists that happened to be empty.

**Sources.** SQLAlchemy, "Relationship Loading Techniques":
https://docs.sqlalchemy.org/en/20/orm/queryguide/relationships.html
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from msgspec import Struct

from strop.evidence import Evidence, Exchange
from strop.finding import Cost, Finding
from strop.project.project import Project
from strop.project.table import Relationship
from strop.rules.code import steps, table_of
from strop.rules.draft import draft
from strop.rules.example import Example, get
from strop.rules.rule import Rule
from strop.rules.sample import shop
from strop.rules.served import Seen, requests, statements_of
from strop.rules.wording import number, time
from strop.span import Span
from strop.sql.statement import read_statement

RULE = Rule("DB004", "unused-eager-load", "database", "warning", "An eager load that nobody reads")

_Tables = tuple[str, str] | None  # of the owner and of the target

_SELECTIN = "POSTCOMPILE_primary_keys"  # what only the statements of selectin loading have
LEAST = 3  # requests that loaded it: fewer may have missed the branch that reads it


class _Load(Struct, frozen=True):
    """One request that loaded a relationship eagerly by a statement of its own."""

    exchange: Exchange
    child: Seen
    used: bool


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each relationship and statement that loads it."""
    if evidence is None:
        return
    found: dict[tuple[str, Span], list[_Load]] = defaultdict(list)
    tables = {r.key: _tables(project, r) for r in project.imported.relationships}
    for exchange in evidence.exchanges:
        if exchange.loaded and exchange.status < 400:
            for key, load in _loads(tables, exchange):
                span = load.child.query.span
                if span is not None:
                    found[key, Span(span.file, span.line, span.symbol)].append(load)
    for (key, place), loads in found.items():
        full = [load for load in loads if load.child.query.rows]
        if len(full) >= LEAST and not any(load.used for load in loads):
            yield _finding(project, evidence, key, place, full)


def _tables(project: Project, relationship: Relationship) -> _Tables:
    owner, target = table_of(project, relationship)
    return (owner.name, target.name) if owner is not None and target is not None else None


def _loads(known: Mapping[str, _Tables], exchange: Exchange) -> Iterator[tuple[str, _Load]]:
    """The statements of eager loads; one that several relationships explain is read when one of them is."""
    ordered = [s for s in statements_of(exchange) if not s.query.relationship]
    before: set[str] = set()
    for seen in ordered:
        asked = read_statement(seen.query.statement).tables
        if _SELECTIN in seen.query.statement:
            keys = [k for k in exchange.loaded if _explains(known.get(k), asked, before)]
            used = any(key in exchange.used for key in keys)
            yield from ((key, _Load(exchange, seen, used)) for key in keys)
        before.update(asked)


def _explains(tables: _Tables, asked: tuple[str, ...], before: set[str]) -> bool:
    """Whether a selectin statement that asks these tables can load a relationship from owner to target."""
    if tables is None:
        return False
    owner, target = tables
    return owner in before and target in asked and _leads_to(asked, target, owner)


def _leads_to(tables: tuple[str, ...], target: str, owner: str) -> bool:
    """Whether a selectin statement loads this target: it asks the target alone, or joined to its owner.

    Many-to-many begins with the owner and joins the table between.
    """
    return set(tables) <= {target, owner} or tables[0] in (target, owner)


def _finding(project: Project, evidence: Evidence, key: str, place: Span, loads: list[_Load]) -> Finding:
    routes = {load.exchange.route for load in loads if load.exchange.route}
    count = requests(evidence, routes)
    rows = sum(load.child.query.rows for load in loads) / count
    total = float(sum(load.child.elapsed for load in loads))
    stack = loads[0].child.query.stack or (place,)
    return draft(
        RULE,
        place,
        routes,
        message=f"{key} is loaded eagerly and never read in {number(len(loads))} requests",
        impact=f"a statement and {number(rows)} rows a request, {time(total / count)} a request",
        solution=f"take the loading of {key} out of this statement",
        known="measured",
        confidence=0.8,
        chain=steps(stack, project),
        cost=Cost(queries=len(loads) / count, rows=rows, total=total),
        facts={"relationship": key, "parent_file": place.file, "parent_line": place.line},
    )


EXAMPLES = (
    Example(
        "payments that the answer leaves out",
        shop("""
@app.get("/orders", response_model=list[OrderRow])
def list_orders(session: Session = Depends(get_session)):
    return session.scalars(select(Order).options(selectinload(Order.payments)).limit(20)).all()
"""),
        get("/orders", times=4),
        bad=True,
    ),
    Example(
        "items that the answer contains",
        shop("""
@app.get("/orders", response_model=list[OrderOut])
def list_orders(session: Session = Depends(get_session)):
    return session.scalars(select(Order).options(selectinload(Order.items)).limit(20)).all()
"""),
        get("/orders", times=4),
        bad=False,
    ),
    Example(
        "a statement that another relationship explains too",
        shop("""
class Shelf(Base):
    __tablename__ = "shelves"
    id: Mapped[int] = mapped_column(primary_key=True)
    keeper_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    keeper: Mapped[Customer] = relationship()


Base.metadata.create_all(engine)


@app.get("/orders")
def list_orders(session: Session = Depends(get_session)):
    shelves = session.scalars(select(Shelf).options(joinedload(Shelf.keeper))).all()
    orders = session.scalars(select(Order).options(selectinload(Order.customer)).limit(20))
    return [len(shelves), *(order.customer.name for order in orders)]
"""),
        get("/orders", times=4),
        bad=False,
    ),
    Example(
        "a statement that two routes share, one of which reads the items",
        shop("""
def first_orders(session):
    return session.scalars(select(Order).options(selectinload(Order.items)).limit(20)).all()


@app.get("/orders", response_model=list[OrderOut])
def list_orders(session: Session = Depends(get_session)):
    return first_orders(session)


@app.get("/numbers", response_model=list[OrderRow])
def list_numbers(session: Session = Depends(get_session)):
    return first_orders(session)
"""),
        get("/orders", times=4) + get("/numbers", times=4),
        bad=False,
    ),
)
