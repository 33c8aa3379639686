"""Several collections joined into one statement: their rows are multiplied.

**What.** A statement joins two or more collections of the same object (`joinedload(Order.items)` and
`joinedload(Order.payments)`, or `lazy="joined"` in the model). The database answers with every combination:
6 items and 6 payments of one order are 36 rows, not 12. A third collection multiplies again.

**Why it costs.** Each row crosses the wire and is taken apart by the ORM, only to be recognised as known.
Time grows with the product of the collections and not with their sum.

**How it is found.** The rows that were fetched are compared with what one statement for each collection
would fetch, estimated from the sizes of the tables. Only a statement that fetched twice that, and a few
hundred rows, is reported. Where the model itself says `lazy="joined"`, all statements that suffer from it
are one finding.

**How to fix it.** `selectinload` for the collections; `joinedload` stays right for relationships to one.

**When it is no problem.** One joined collection (its rows are all wanted), a chain of collections
(orders, their items, the options of those), joins that filter and don't answer with columns, aggregates. By the
source alone a note only where no route that clients read by comes to the statement, and where another statement with
the same collections serves more routes.

**Sources.** SQLAlchemy, "What Kind of Loading to Use?":
https://docs.sqlalchemy.org/en/20/orm/queryguide/relationships.html
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from strop.evidence import Evidence
from strop.finding import Cost, Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.table import Relationship
from strop.rules import loading
from strop.rules.clients import are_read
from strop.rules.code import reaches, steps, table_of
from strop.rules.draft import draft
from strop.rules.example import Example, get
from strop.rules.rule import Rule
from strop.rules.sample import shop
from strop.rules.served import Seen, requests, statements
from strop.rules.wording import listed, number, time
from strop.span import Span, Step
from strop.sql.limit import limit_of
from strop.sql.statement import Statement, read_statement

WORDS = frozenset({"joinedload", "contains_eager"})
RULE = Rule("DB003", "row-multiplication", "database", "error", "Joined collections multiply rows")

LEAST_ROWS = 200  # rows of one statement: fewer are loaded in a few milliseconds, however they come
LEAST_RATIO = 2.0  # fetched to wanted: below it the extra statements cost about what they save
_STEEPEST = 1e6  # how much more than the average owner has those of a page may have
BLIND_ROWS = 1000  # rows from which two joined collections are reported although no table size is known


class _Branch(Struct, frozen=True):
    """A table of a statement, how many of its rows belong to one row above it, and what hangs below."""

    table: str
    relationship: Relationship | None
    fan: float
    below: tuple[_Branch, ...]

    def joined(self, scale: float) -> float:
        """Rows that one row of this table becomes in the join."""
        rows = 1.0
        for branch in self.below:
            rows *= max(branch.scaled(scale), 1.0) * branch.joined(scale)
        return rows

    def apart(self, scale: float) -> float:
        """Rows that one row of this table needs when each table is asked by itself."""
        return 1.0 + sum(branch.scaled(scale) * branch.apart(scale) for branch in self.below)

    def scaled(self, scale: float) -> float:
        """The fan where the rows that were asked for have more below them than the average row has."""
        return self.fan * scale if self.relationship is not None and self.relationship.uselist else self.fan

    def collections(self) -> Iterator[Relationship]:
        """The joined collections at and below this table."""
        if self.relationship is not None and self.relationship.uselist:
            yield self.relationship
        for branch in self.below:
            yield from branch.collections()

    @property
    def forks(self) -> bool:
        """Whether two collections hang on the same row, directly or over relationships to one."""
        sides = sum(any(True for _ in branch.collections()) for branch in self.below)
        return sides > 1 or any(branch.forks for branch in self.below)


class _Case(Struct, frozen=True):
    """One statement that fetched more rows than were wanted."""

    seen: Seen
    relationships: tuple[Relationship, ...]
    wanted: float

    @property
    def waste(self) -> float:
        return self.seen.query.rows - self.wanted


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each statement, or for the models that join by themselves wherever they are loaded."""
    if evidence is None:
        yield from _unserved(project)
        return
    sizes = {size.table: size.rows for size in evidence.sizes}
    executed = list(statements(evidence))
    limits = _limits(executed)
    cases = [case for seen in executed if (case := _case(project, seen, sizes, limits)) is not None]
    for group in _causes(cases):
        yield _finding(project, evidence, group)


def _limits(executed: list[Seen]) -> dict[str, int]:
    """The page of each statement whose values were kept: those of its first execution."""
    found = ((s.query.statement, limit_of(s.query.statement, s.query.parameters)) for s in executed)
    return {statement: page for statement, page in found if page}


def _case(project: Project, seen: Seen, sizes: Mapping[str, int], limits: Mapping[str, int]) -> _Case | None:
    query = seen.query
    if query.rows < LEAST_ROWS or query.span is None:
        return None
    statement = read_statement(query.statement)
    if statement.kind != "select" or statement.aggregated or statement.groups or len(statement.joined) < 2:
        return None
    root = _tree(project, seen, statement, sizes)
    if root is None or not root.forks:
        return None
    wanted = _wanted(root, query.rows, _most_parents(seen, statement, sizes, limits))
    known = all(sizes.get(r) for r in statement.selected)
    if (known and query.rows < LEAST_RATIO * wanted) or (not known and query.rows < BLIND_ROWS):
        return None
    return _Case(seen, tuple(dict.fromkeys(root.collections())), wanted)


def _most_parents(
    seen: Seen, statement: Statement, sizes: Mapping[str, int], limits: Mapping[str, int]
) -> float:
    """How many owners the statement can have loaded: the whole table, or a page of it."""
    page = limits.get(seen.query.statement) if statement.limited_inside else None
    whole = sizes.get(statement.table) or seen.query.rows
    return float(max(1, min(whole, page or whole, seen.query.rows)))


def _wanted(root: _Branch, rows: int, parents: float) -> float:
    """Rows that one statement for each table would fetch for the same objects.

    The average of the tables says how many children an owner has; when the join gave more rows than that
    explains, these owners have more than the average, in the same proportion.
    """
    low, high = 1.0, 1.0
    while root.joined(high) * parents < rows and high < _STEEPEST:
        high *= 2
    while high - low > 0.01 * low:
        middle = (low + high) / 2
        low, high = (middle, high) if root.joined(middle) * parents < rows else (low, middle)
    return rows / root.joined(high) * root.apart(high)


def _tree(project: Project, seen: Seen, statement: Statement, sizes: Mapping[str, int]) -> _Branch | None:
    """The relationships that the statement's joins stand for, from the table that is asked for on."""
    left = list(statement.joined)
    eager = [r for r in project.imported.relationships if _is_joined(r, seen)]

    def branch(table: str, by: Relationship | None, fan: float) -> _Branch:
        below = []
        for relationship in eager:
            owner, target = table_of(project, relationship)
            if owner is None or target is None or owner.name != table or target.name not in left:
                continue
            if target.name not in statement.selected:
                continue
            left.remove(target.name)
            size, above = sizes.get(target.name, 0), sizes.get(table, 0)
            share = size / above if relationship.uselist and size and above else 1.0
            below.append((target.name, relationship, share))
        return _Branch(table, by, fan, tuple(branch(*each) for each in below))

    return branch(statement.table, None, 1.0) if statement.table else None


def _is_joined(relationship: Relationship, seen: Seen) -> bool:
    """Whether the loader made the join; the way to a collection may also be a join that was written."""
    return (
        not relationship.uselist or relationship.lazy == "joined" or relationship.key in seen.exchange.loaded
    )


def _causes(cases: list[_Case]) -> list[list[_Case]]:
    """Cases that have a cause in common: the line of a statement, or a model that joins by itself."""
    groups: list[tuple[set[object], list[_Case]]] = []
    for case in cases:
        marks: set[object] = {r.key for r in case.relationships if r.lazy == "joined"}
        if len(marks) < len(case.relationships) or not marks:
            span = case.seen.query.span
            marks = {(span.file, span.line)} if span is not None else set()
        touching = [g for g in groups if g[0] & marks]
        merged = [c for g in touching for c in g[1]] + [case]
        groups = [g for g in groups if g not in touching]
        groups.append((marks.union(*(g[0] for g in touching)), merged))
    return [group for _, group in groups]


def _finding(project: Project, evidence: Evidence, cases: list[_Case]) -> Finding:
    worst = max(cases, key=lambda c: c.waste)
    relationships = list(dict.fromkeys(r for c in cases for r in c.relationships))
    keys = sorted(r.key for r in relationships)
    routes = {c.seen.exchange.route for c in cases if c.seen.exchange.route}
    count = requests(evidence, routes)
    waste = sum(c.waste for c in cases)
    total = sum(c.seen.elapsed * c.waste / c.seen.query.rows for c in cases)
    query = worst.seen.query
    parent = query.span or Span("", 0)
    in_model = all(r.lazy == "joined" for r in relationships)
    model = next((r.span for r in relationships if r.span is not None), None)
    return draft(
        RULE,
        model if in_model and model is not None else parent,
        routes,
        message=f"{listed(keys)} are joined: {number(query.rows)} rows fetched where "
        f"{number(worst.wanted)} would do",
        impact=f"{number(waste / count)} rows a request too many, {time(total / count)} a request",
        solution=f"load {listed(keys)} with selectinload, one statement each",
        known="measured",
        confidence=0.95 if evidence.sizes else 0.75,
        chain=steps(query.stack or (parent,), project),
        cost=Cost(rows=waste / count, total=total),
        facts={
            "relationships": ",".join(keys),
            "parent_file": parent.file,
            "parent_line": parent.line,
            "rows": query.rows,
            "wanted": round(worst.wanted),
        },
    )


def notice(body: Body) -> Iterator[Mark]:
    """Statements that join relationships by their options, and what they select."""
    for call in body.calls("options"):
        root = loading.Statement(call, steps=[("options", c) for c in _chained(call)])
        options, _ = loading.options_of(body, root)
        joined = dict.fromkeys(o.key for o in options if o.how == "joinedload")
        passed = dict.fromkeys(o.key for o in options if o.how == "contains_eager")
        if joined or passed:
            yield body.mark(RULE.code, call, joined=",".join(joined), passed=",".join(passed))


def _chained(call: ast.Call) -> Iterator[ast.Call]:
    here: ast.expr = call
    while isinstance(here, ast.Call) and isinstance(here.func, ast.Attribute):
        if here.func.attr == "options":
            yield here
        here = here.func.value


def _unserved(project: Project) -> Iterator[Finding]:
    """What the source alone says: statements and models that join two collections of the same rows."""
    by_key = {r.key: r for r in project.imported.relationships}
    by_default: dict[str, list[Relationship]] = {}
    for relationship in project.imported.relationships:
        if relationship.lazy == "joined":
            by_default.setdefault(relationship.owner, []).append(relationship)
    in_models: set[str] = set()
    told: list[Finding] = []
    for mark in project.source.marks.get(RULE.code, ()):
        written = [k for k in mark.fact("joined").split(",") if k in by_key]
        loaded = {
            name
            for k in (*written, *mark.fact("passed").split(","))
            if k in by_key
            for name in (by_key[k].owner, by_key[k].target)
        }
        keys = [k for k in written if by_key[k].uselist]
        more = [r.key for name in sorted(loaded) for r in _collections(name, by_default, frozenset())]
        ways = reaches(project, mark.function, ("loop", "thread", "background"))
        if not ways or len({*keys, *more}) < 2 or not _fork([*keys, *more], by_key):
            continue
        if keys:
            together = list(dict.fromkeys([*keys, *more]))
            told.append(_said(mark.span, together, {w.route for w in ways}, ways[0].chain))
        else:
            in_models.update(more)
    yield from _led(project, told)
    yield from _models(by_default, in_models, by_key)


def _led(project: Project, told: list[Finding]) -> Iterator[Finding]:
    """Of several statements with the same collections the one that most routes wait for; what no client reads by, quietly."""
    led: set[object] = set()
    for finding in sorted(told, key=lambda f: -len(f.routes)):
        same = finding.fact("relationships")
        is_hot = are_read(project, finding.routes) and same not in led
        led.add(same)
        yield finding if is_hot else replace(finding, severity="note")


def _fork(keys: list[str], by_key: Mapping[str, Relationship]) -> bool:
    """Whether two of them hang on the same row: a chain of collections has no row twice."""
    kept = {k: by_key[k] for k in keys}
    below = {r.target for r in kept.values()}
    return sum(r.owner not in below for r in kept.values()) > 1 or len(
        {r.owner for r in kept.values()}
    ) < len(kept)


def _models(
    joined: Mapping[str, list[Relationship]], together: set[str], by_key: Mapping[str, Relationship]
) -> Iterator[Finding]:
    """Models whose default joins several collections, themselves or with what statements join to them."""
    groups = [{r.key for r in _collections(owner, joined, frozenset())} for owner in sorted(joined)]
    groups = sorted([together, *groups], key=len, reverse=True)
    told: set[str] = set()
    for keys in groups:
        places = [r.span for k in sorted(keys) if (r := by_key[k]).span is not None]
        if len(keys) > 1 and places and not keys & told:
            told |= keys
            yield _said(min(p for p in places if p is not None), sorted(keys), set(), ())


def _collections(
    owner: str, joined: Mapping[str, list[Relationship]], seen: frozenset[str]
) -> list[Relationship]:
    found: list[Relationship] = []
    for relationship in joined.get(owner, ()) if owner not in seen else ():
        if relationship.uselist:
            found.append(relationship)
        found += _collections(relationship.target, joined, seen | {owner})
    return list(dict.fromkeys(found))


def _said(span: Span, keys: list[str], routes: set[str], chain: tuple[Step, ...]) -> Finding:
    return draft(
        RULE,
        span,
        routes,
        message=f"{listed(keys)} are joined into one statement: their rows multiply",
        impact="as many rows as there are combinations; how many was not measured",
        solution=f"load {listed(keys)} with selectinload, one statement each",
        known="static",
        confidence=0.8,
        severity="warning",
        chain=chain,
        facts={"relationships": ",".join(keys), "parent_file": span.file, "parent_line": span.line},
    )


EXAMPLES = (
    Example(
        "two collections joined in a repository, by the source alone",
        shop("""
class Orders:
    def __init__(self, session: Session):
        self.session = session

    def page(self):
        asked = select(Order).options(joinedload(Order.items), joinedload(Order.payments))
        return self.session.scalars(asked.limit(20)).unique().all()


@app.get("/orders", response_model=list[OrderOut])
def list_orders(session: Session = Depends(get_session)):
    return Orders(session).page()
"""),
        bad=True,
    ),
    Example(
        "two collections joined for what is done once an order: a note",
        shop("""
@app.post("/orders/{order_id}/archive")
def archive(order_id: int, session: Session = Depends(get_session)):
    asked = select(Order).where(Order.id == order_id)
    order = session.scalars(asked.options(joinedload(Order.items), joinedload(Order.payments))).unique().one()
    order.status = "archived"
    session.commit()
"""),
        bad=True,
    ),
    Example(
        "one joined collection and one that is selected, by the source alone",
        shop("""
@app.get("/orders", response_model=list[OrderOut])
def list_orders(session: Session = Depends(get_session)):
    asked = select(Order).options(joinedload(Order.items), selectinload(Order.payments))
    return session.scalars(asked.options(joinedload(Order.customer)).limit(20)).unique().all()
"""),
        bad=False,
    ),
    Example(
        "two collections joined by the statement",
        shop("""
@app.get("/orders")
def list_orders(session: Session = Depends(get_session)):
    page = select(Order).order_by(Order.id).limit(40)
    orders = session.scalars(page.options(joinedload(Order.items), joinedload(Order.payments))).unique()
    return [(order.quantity, sum(p.cents for p in order.payments)) for order in orders]
"""),
        get("/orders"),
        bad=True,
    ),
    Example(
        "collections loaded by statements of their own",
        shop("""
@app.get("/orders")
def list_orders(session: Session = Depends(get_session)):
    page = select(Order).order_by(Order.id).limit(40)
    orders = session.scalars(page.options(selectinload(Order.items), selectinload(Order.payments)))
    return [(order.quantity, sum(p.cents for p in order.payments)) for order in orders]
"""),
        get("/orders"),
        bad=False,
    ),
    Example(
        "one collection and a relationship to one",
        shop("""
@app.get("/orders")
def list_orders(session: Session = Depends(get_session)):
    page = select(Order).order_by(Order.id).limit(40)
    orders = session.scalars(page.options(joinedload(Order.items), joinedload(Order.customer))).unique()
    return [(order.quantity, order.customer.name) for order in orders]
"""),
        get("/orders"),
        bad=False,
    ),
    Example(
        "joins that filter",
        shop("""
@app.get("/paid")
def list_paid(session: Session = Depends(get_session)):
    asked = select(Order.id).join(Item, Item.order_id == Order.id).join(Payment, Payment.order_id == Order.id)
    return list(session.scalars(asked.where(Payment.cents > 1)))
"""),
        get("/paid"),
        bad=False,
    ),
)
