"""A statement reads a whole table where an index would find its rows.

**What.** A filter, a join or a sorted page on a column without an index: the database reads every row of
the table for each request.

**Why it costs.** The cost grows with the table, not with the answer, and a table that is read from end to
end pushes others out of the cache. On a foreign key it also makes every delete of the parent scan.

**How it is found.** The plans (EXPLAIN) of the statements that the run executed, on the database of the
run: full scans of at least a thousand rows whose columns an index could serve. Without a run only foreign
keys are named that a served statement compares with a value, or a collection is loaded by, and no index begins
with; not on MySQL alone, which makes those itself. A key that is compared with a column joins towards the
parent's primary key, which has an index.

**How to fix it.** An index in the model and a migration that makes it; for several columns those compared
with `=` first.

**When it is no problem.** Tables that stay small, flags that half of the rows have, a filter that no plain
index serves (`LIKE '%x%'`, a function of the column), a statement that wants more than a fifth of the table: none
is reported. A note only: a table of settings, whose rows can be enabled, are the default of their kind or have
a name of their own in their parent; a key of what most tables belong to (the tenant, the project), which has few
values; and a key that only removals and administrators go by. Each index costs every write to its table a little.

**Sources.** "Use The Index, Luke!": https://use-the-index-luke.com ;
SQLite, "The SQLite Query Optimizer Overview": https://www.sqlite.org/optoverview.html
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

from strop.evidence import Evidence, ScanStep
from strop.finding import Cost, Finding
from strop.project.body import Body
from strop.project.function import Reach
from strop.project.mark import Mark
from strop.project.project import Project
from strop.project.table import Column, Table
from strop.project.walk import walk
from strop.rules.code import reaches, steps, table_of
from strop.rules.draft import draft
from strop.rules.example import Example, get
from strop.rules.growth import owners, stays_small
from strop.rules.loading import relationship_key, statement_of
from strop.rules.protection import Protection
from strop.rules.rule import Rule
from strop.rules.sample import shop
from strop.rules.served import Seen, requests, statements
from strop.rules.wording import listed, many, number, time
from strop.span import Span
from strop.sql.statement import read_statement

_EAGER = ("selectinload", "joinedload", "subqueryload")
WORDS = frozenset({"where", "filter", "filter_by", "join", "outerjoin", *_EAGER})
RULE = Rule("DB005", "missing-index", "database", "warning", "No index for a filter, join or sort")

LEAST_ROWS = 1000  # rows of the table: fewer are read in well under a millisecond
SELECTIVE = 0.2  # share of the rows that are wanted: for more a database rather reads the table

_Key = tuple[str, tuple[str, ...]]
_CHANGES = ("sqlalchemy.delete", "sqlalchemy.update", "sqlmodel.delete", "sqlmodel.update")
_CONDITIONS = ("where", "filter", "join", "outerjoin", "filter_by")


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each index that is missing, with all statements that it would serve."""
    if evidence is None:
        yield from _unindexed_keys(project)
        return
    by_statement: dict[str, list[Seen]] = defaultdict(list)
    for seen in statements(evidence):
        by_statement[seen.query.statement].append(seen)
    for (table, columns), scans in _indexes(project, evidence).items():
        executed = [seen for text in sorted({s.statement for s in scans}) for seen in by_statement[text]]
        if executed and all(_is_selective(seen, scans[0].rows) for seen in executed):
            yield _finding(project, evidence, table, columns, scans, executed)


def _is_selective(seen: Seen, rows: int) -> bool:
    """Whether few of the scanned rows were wanted, as far as the fetched ones tell."""
    statement = read_statement(seen.query.statement)
    tells = statement.kind == "select" and not (statement.limited or statement.aggregated or statement.groups)
    return not tells or seen.query.rows <= SELECTIVE * rows


def _indexes(project: Project, evidence: Evidence) -> dict[_Key, list[ScanStep]]:
    """The scans by the index that each needs; one that begins another is served by the other."""
    found: dict[_Key, list[ScanStep]] = defaultdict(list)
    for scan in evidence.scans:
        columns = tuple(c for c in scan.columns if not _is_flag(project, scan.table, c))
        if scan.rows >= LEAST_ROWS and columns:
            found[scan.table, columns].append(scan)
    for table, columns in sorted(found, key=lambda key: len(key[1])):
        wider = [c for t, c in found if t == table and c != columns and c[: len(columns)] == columns]
        if wider:
            found[table, wider[0]] += found.pop((table, columns))
    return found


def _is_flag(project: Project, table: str, column: str) -> bool:
    known = project.table(table)
    return known is not None and any(c.name == column and c.type.startswith("BOOL") for c in known.columns)


def _finding(
    project: Project,
    evidence: Evidence,
    table: str,
    columns: tuple[str, ...],
    scans: list[ScanStep],
    executed: list[Seen],
) -> Finding:
    routes = {s.exchange.route for s in executed if s.exchange.route}
    rows = max(s.rows for s in scans)
    total = float(sum(s.query.duration for s in executed))
    dearest = max(executed, key=lambda s: s.query.duration)
    count = requests(evidence, routes)
    use = " and ".join(sorted({s.use for s in scans}))
    return draft(
        RULE,
        _place(project, table, columns) or dearest.query.span or Span("", 0),
        routes,
        message=f"no index for {table}.{', '.join(columns)} ({use}): {number(rows)} rows scanned each time",
        impact=f"{many(len(executed) / count, 'scan')} a request, {time(total / count)} a request, "
        "more with every row that is added",
        solution=f"an index on {table} ({', '.join(columns)}), in the model and as a migration",
        known="measured",
        confidence=0.9,
        chain=steps(dearest.query.stack or _only(dearest.query.span), project),
        cost=Cost(total=total),
        facts={
            "table": table,
            "columns": ",".join(columns),
            "use": use,
            "rows": rows,
            "detail": scans[0].detail,
        },
    )


def _only(span: Span | None) -> tuple[Span, ...]:
    return (span,) if span is not None else ()


def _place(project: Project, table: str, columns: tuple[str, ...]) -> Span | None:
    """The model that gets the index."""
    found = project.table(table)
    return found.span if found is not None else None


def notice(body: Body) -> Iterator[Mark]:
    """Columns that statements filter or join by, as "Order.customer_id"."""
    told: set[str] = set()
    for call in body.calls(*_CONDITIONS):
        whole = _statement(body, call)
        beside = sorted({key for each in whole for key in _compared(body, each)})
        for key in _compared(body, call):
            if (fact := f"{key} {beside}") not in told:
                told.add(fact)
                drops = "yes" if _is_removal(body, call) else ""
                yield body.mark(RULE.code, call, column=key, beside=",".join(beside), drops=drops)
    for call in body.calls(*_EAGER):
        for key in (relationship_key(body, a) for a in call.args):
            if key and key not in told:
                told.add(key)
                yield body.mark(RULE.code, call, loads=key)


def _statement(body: Body, call: ast.Call) -> Iterator[ast.Call]:
    """All conditions of the statement that a condition belongs to, as far as it is one expression."""
    outermost: ast.AST = call
    for each in body.around(call):
        if not isinstance(each, ast.Call | ast.Attribute):
            break
        outermost = each
    for node in (*walk(outermost), *_added(body, outermost)):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in _CONDITIONS
        ):
            yield node


def _is_removal(body: Body, call: ast.Call) -> bool:
    """Whether the statement deletes or changes the rows that it finds: `delete(Link).where(...)`."""
    below: ast.expr = call
    while isinstance(below, ast.Call) and isinstance(below.func, ast.Attribute):
        if body.name(below.func) in _CHANGES:
            return True
        below = below.func.value
    if isinstance(below, ast.Call) and body.name(below.func) in _CHANGES:
        return True
    after = body.parent(call)
    return isinstance(after, ast.Attribute) and after.attr in ("delete", "update")


def _added(body: Body, expr: ast.AST) -> Iterator[ast.AST]:
    """What other assignments of the same name are: `asked = asked.where(...)`."""
    match body.parent(expr):
        case ast.Assign(targets=[ast.Name(id=name)]):
            for other in body.of(ast.Assign):
                match other.targets:
                    case [ast.Name(id=same)] if same == name and other.value is not expr:
                        yield from walk(other.value)


def _compared(body: Body, call: ast.Call) -> Iterator[str]:
    """The columns of mapped classes that a condition compares with a value."""
    for argument in call.args:
        for node in walk(argument):
            match node:
                case ast.Compare(left=left, ops=[ast.Eq()], comparators=[right]):
                    keys = [k for k in (relationship_key(body, left), relationship_key(body, right)) if k]
                    if len(keys) == 1:  # two columns are a join: the other end's primary key serves it
                        yield keys[0]
                case ast.Call(func=ast.Attribute(value=ast.Attribute() as column, attr="in_")):
                    if key := relationship_key(body, column):
                        yield key
    if isinstance(call.func, ast.Attribute) and call.func.attr == "filter_by":
        statement = statement_of(body, call)
        for entity in statement.entities[:1] if statement is not None else ():
            yield from (f"{entity.rpartition('.')[2]}.{k.arg}" for k in call.keywords if k.arg)


@dataclass(frozen=True, slots=True)
class _Missing:
    """A foreign key without an index, the ways to the statements that go by it, and whether one reads."""

    column: Column
    ways: tuple[Reach, ...]
    is_read: bool


def _unindexed_keys(project: Project) -> Iterator[Finding]:
    """Foreign keys without an index that a served statement filters by, or a collection is loaded by."""
    dialects = {e.dialect for e in project.imported.engines if e.dialect}
    if dialects == {"mysql"}:
        return  # InnoDB makes an index for each foreign key
    asked: dict[str, list[Reach]] = {}
    read: set[str] = set()
    tenants = owners(project.imported.tables)
    rare = _rarely_called(project)
    led = {f"{_owner(t)}.{c}" for t in project.imported.tables for c in _leading(t)}
    collections = _collections(project)
    for mark in project.source.marks.get(RULE.code, ()):
        asks = mark.fact("column").partition(".")[0]
        if any(key in led and key.partition(".")[0] == asks for key in mark.fact("beside").split(",")):
            continue  # an index on another column that it compares finds the rows
        ways = reaches(project, mark.function, ("loop", "thread"))
        if ways:
            key = mark.fact("column") or mark.fact("loads")
            asked.setdefault(key, []).extend(ways)
            if not mark.fact("drops") and not all(w.route in rare for w in ways):
                read.add(key)
    for table in project.imported.tables:
        owner = _owner(table)
        missing: list[_Missing] = []
        for column in table.columns if table.span is not None else ():
            if not column.foreign_key or _is_indexed(table, column) or not _has_many(column):
                continue
            key = f"{owner}.{column.attribute or column.name}"
            by = collections.get((column.foreign_key.rpartition(".")[0], table.name), "")
            ways = asked.get(key) or asked.get(by, [])
            if ways:
                missing.append(_Missing(column, tuple(ways), bool(read & {key, by})))
        if missing:
            keys = [m.column for m in missing if m.is_read]
            telling = [k for k in keys if k.foreign_key.rpartition(".")[0] not in tenants]
            shown = [m for m in missing if m.column in telling] or missing
            yield _static(table, shown, dialects, is_small=not telling or stays_small(table, telling))


def _rarely_called(project: Project) -> set[str]:
    """The routes that remove something or are for administrators."""
    protection = Protection.of(project)
    return {
        route.key
        for route in project.imported.routes
        if route.method == "DELETE" or protection.is_for_operators(route.key)
    }


def _owner(table: Table) -> str:
    """The name of the class that maps it."""
    return table.model.rpartition(":")[2].rpartition(".")[2]


def _leading(table: Table) -> set[str]:
    """The attributes that an index or a key of the table begins with."""
    return {c.attribute or c.name for c in table.columns if _is_indexed(table, c)}


def _has_many(column: Column) -> bool:
    """Whether the key has many values: not that of a lookup table, nor a pointer to the one that counts now."""
    pointer = column.name.partition("_")[0] in ("current", "last", "latest", "default", "active", "primary")
    return not (column.nullable and pointer) and not column.type.startswith(
        ("BOOL", "VARCHAR(1)", "VARCHAR(2)")
    )


def _collections(project: Project) -> dict[tuple[str, str], str]:
    """The first collection of each owner's table whose rows lie in a target's table, by the names of both."""
    found: dict[tuple[str, str], str] = {}
    for relationship in project.imported.relationships:
        owner, target = table_of(project, relationship) if relationship.uselist else (None, None)
        if owner is not None and target is not None:
            found.setdefault((owner.name, target.name), relationship.key)
    return found


def _is_indexed(table: Table, column: Column) -> bool:
    if column.index or column.unique:
        return True
    first_key = next((c.name for c in table.columns if c.primary), "")
    return column.name == first_key or any(i.columns[:1] == (column.name,) for i in table.indexes)


def _static(table: Table, missing: list[_Missing], dialects: set[str], is_small: bool) -> Finding:
    """One finding for a table: one migration adds all of its indexes."""
    ways = [w for m in missing for w in m.ways]
    columns = [m.column.name for m in missing]
    keys = "the foreign key" if len(columns) == 1 else "the foreign keys"
    other = " (MySQL makes its own)" if not dialects or "mysql" in dialects else ""
    return draft(
        RULE,
        table.span or Span("", 0),
        {w.route for w in ways},
        message=f"no index for {keys} {listed([f'{table.name}.{c}' for c in columns])} that statements find rows by",
        impact="each such statement reads the whole table, and so does each delete of a row it points at",
        solution=f"an index on {table.name} for each of {listed(columns)}, in the model and as a migration{other}"
        if len(columns) > 1
        else f"an index on {table.name} ({columns[0]}), in the model and as a migration{other}",
        known="static",
        severity="note" if is_small else None,
        confidence=0.7,
        chain=min(ways, key=lambda w: len(w.chain)).chain,
        facts={"table": table.name, "columns": columns[0], "use": "filter"},
    )


EXAMPLES = (
    Example(
        "a foreign key that a repository filters by, by the source alone",
        shop("""
@app.get("/customers/{customer_id}/orders", response_model=list[OrderRow])
def list_orders(customer_id: int, session: Session = Depends(get_session)):
    return session.scalars(select(Order).filter_by(customer_id=customer_id).limit(50)).all()
"""),
        bad=True,
    ),
    Example(
        "a foreign key with an index, by the source alone",
        shop("""
@app.get("/orders/{order_id}/items", response_model=list[ItemOut])
def list_items(order_id: int, session: Session = Depends(get_session)):
    return session.scalars(select(Item).where(Item.order_id == order_id)).all()
"""),
        bad=False,
    ),
    Example(
        "filter on a foreign key",
        shop("""
@app.get("/customers/{customer_id}/orders", response_model=list[OrderRow])
def list_orders(customer_id: int, session: Session = Depends(get_session)):
    return session.scalars(select(Order).where(Order.customer_id == customer_id)).all()
"""),
        get("/customers/7/orders"),
        bad=True,
    ),
    Example(
        "page sorted by a column",
        shop("""
@app.get("/orders", response_model=list[OrderRow])
def list_orders(session: Session = Depends(get_session)):
    return session.scalars(select(Order).order_by(Order.number.desc()).limit(10)).all()
"""),
        get("/orders"),
        bad=True,
    ),
    Example(
        "the column has an index, the other table is small",
        shop("""
@app.get("/orders/{order_id}/items", response_model=list[ItemOut])
def list_items(order_id: int, session: Session = Depends(get_session)):
    return session.scalars(select(Item).where(Item.order_id == order_id)).all()


@app.get("/customers")
def find_customer(name: str, session: Session = Depends(get_session)):
    return session.scalar(select(Customer.id).where(Customer.name == name))
"""),
        get("/orders/3/items") + get("/customers?name=customer%203"),
        bad=False,
    ),
    Example(
        "the whole table is wanted",
        shop("""
@app.get("/statuses")
def count_statuses(session: Session = Depends(get_session)):
    rows = session.execute(select(Order.status, func.count()).group_by(Order.status))
    return {status: count for status, count in rows}
"""),
        get("/statuses"),
        bad=False,
    ),
    Example(
        "another column of the statement has an index",
        shop("""
@app.get("/mine")
def find_mine(order_id: int, customer_id: int, session: Session = Depends(get_session)):
    return session.scalar(select(Order.number).where(Order.id == order_id, Order.customer_id == customer_id))
"""),
        bad=False,
    ),
    Example(
        "a join towards the primary key of the parent",
        shop("""
@app.get("/orders/open")
def list_open(session: Session = Depends(get_session)):
    asked = select(Order.number, Customer.name).join(Customer, Order.customer_id == Customer.id)
    return session.execute(asked.where(Order.status == "open").limit(50)).mappings().all()
"""),
        bad=False,
    ),
    Example(
        "rows of a customer that are removed once: a note",
        shop("""
@app.post("/customers/{customer_id}/forget")
def forget(customer_id: int, session: Session = Depends(get_session)):
    session.query(Order).filter(Order.customer_id == customer_id).delete()
    session.commit()
"""),
        bad=True,
    ),
    Example(
        "names that are unique in their parent: a note",
        shop("""
from sqlalchemy import UniqueConstraint


class Label(Base):
    __tablename__ = "labels"
    __table_args__ = (UniqueConstraint("name", "customer_id"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))


@app.get("/customers/{customer_id}/labels")
def list_labels(customer_id: int, session: Session = Depends(get_session)):
    return session.scalars(select(Label.name).where(Label.customer_id == customer_id)).all()
"""),
        bad=True,
    ),
)
