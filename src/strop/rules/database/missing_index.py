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
is reported, nor a key of a short list (`status_id`, `type_id`). An index that only a revision of Alembic makes counts
as one of the model, and one whose first column the statement gives, also by way of a join. A note only: a column that the primary key
has behind another foreign key, which most statements give too; a table of settings, whose rows can be enabled, are the default of their kind or have
a name of their own in their parent; a key of what most tables belong to (the tenant, the project), which has few
values; a key that only removals, changes of one thing and administrators go by; and a table of which each user has a
few rows, unless its name says that use adds rows without end (messages, runs). Nor more than a note: a table of
links (a member, a tag); one of an installation's parts (gateways, plugins); one whose rows only functions make that
nothing calls; and one that no route which clients read by comes to, nor a collection in such a route's response model,
unless its name says that use fills it. Parts of what users make (files of a
folder) are told. Each index costs every write to its table a little.

**Sources.** "Use The Index, Luke!": https://use-the-index-luke.com ;
SQLite, "The SQLite Query Optimizer Overview": https://www.sqlite.org/optoverview.html
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from strop.evidence import Evidence, ScanStep
from strop.finding import Cost, Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules import unindexed
from strop.rules.code import steps
from strop.rules.draft import draft
from strop.rules.example import Example, get
from strop.rules.rule import Rule
from strop.rules.sample import shop
from strop.rules.served import Seen, requests, statements
from strop.rules.unindexed import unindexed_keys
from strop.rules.wording import many, number, time
from strop.span import Span
from strop.sql.statement import read_statement

WORDS = unindexed.WORDS
RULE = Rule("DB005", "missing-index", "database", "warning", "No index for a filter, join or sort")

LEAST_ROWS = 1000  # rows of the table: fewer are read in well under a millisecond
SELECTIVE = 0.2  # share of the rows that are wanted: for more a database rather reads the table

_Key = tuple[str, tuple[str, ...]]


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each index that is missing, with all statements that it would serve."""
    if evidence is None:
        yield from unindexed_keys(project, RULE)
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
    """Columns that statements filter or join by."""
    yield from unindexed.note(body, RULE.code)


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
        "the index is made by a revision of Alembic alone",
        {
            **shop("""
@app.get("/customers/{customer_id}/orders", response_model=list[OrderRow])
def list_orders(customer_id: int, session: Session = Depends(get_session)):
    return session.scalars(select(Order).filter_by(customer_id=customer_id).limit(50)).all()
"""),
            "migrations/versions/0002_orders_by_customer.py": """
from alembic import op

revision = "0002"


def upgrade():
    op.create_index("ix_orders_customer_id", "orders", ["customer_id"])


def downgrade():
    op.drop_index("ix_orders_customer_id")
""",
        },
        bad=False,
    ),
    Example(
        "each customer has a few of them: a note",
        shop("""
class Address(Base):
    __tablename__ = "addresses"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    street: Mapped[str]


@app.get("/customers/{customer_id}/streets", response_model=list[str])
def list_streets(customer_id: int, session: Session = Depends(get_session)):
    return session.scalars(select(Address.street).where(Address.customer_id == customer_id).limit(50)).all()
"""),
        bad=True,
    ),
    Example(
        "each who logs in has a few of them: a note",
        shop("""
class Login(Base):
    __tablename__ = "logins"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"), index=True)
    email: Mapped[str]
    password_hash: Mapped[str]


class Device(Base):
    __tablename__ = "devices"
    id: Mapped[int] = mapped_column(primary_key=True)
    login_id: Mapped[int] = mapped_column(ForeignKey("logins.id"))
    model: Mapped[str]
    token: Mapped[str]


@app.get("/logins/{login_id}/devices", response_model=list[str])
def list_devices(login_id: int, session: Session = Depends(get_session)):
    return session.scalars(select(Device.model).where(Device.login_id == login_id).limit(50)).all()
"""),
        bad=True,
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
        "a join gives the column that the index begins with",
        shop("""
class Parcel(Base):
    __tablename__ = "parcels"
    shop_id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)


class Delivery(Base):
    __tablename__ = "deliveries"
    shop_id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    note: Mapped[str]


@app.post("/orders/{order_id}/deliveries")
def deliver(order_id: int, shop_id: int, code: str, note: str, session: Session = Depends(get_session)):
    session.add(Delivery(shop_id=shop_id, code=code, order_id=order_id, note=note))
    session.commit()


@app.get("/shops/{shop_id}/orders/{order_id}/deliveries")
def list_deliveries(shop_id: int, order_id: int, session: Session = Depends(get_session)):
    return session.scalars(
        select(Delivery.note)
        .join(Parcel, Parcel.shop_id == Delivery.shop_id)
        .where(Parcel.shop_id == shop_id, Delivery.order_id == order_id)
        .limit(50)
    ).all()
"""),
        bad=False,
    ),
    Example(
        "most statements give the column that the key begins with: a note",
        shop("""
class Branch(Base):
    __tablename__ = "branches"
    id: Mapped[int] = mapped_column(primary_key=True)


class Delivery(Base):
    __tablename__ = "deliveries"
    shop_id: Mapped[int] = mapped_column(ForeignKey("branches.id"), primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), primary_key=True)
    at: Mapped[int] = mapped_column(primary_key=True)
    note: Mapped[str]


def deliveries(shop_id: int, order_id: int):
    return select(Delivery.note).where(Delivery.shop_id == shop_id, Delivery.order_id == order_id).limit(50)


@app.post("/orders/{order_id}/deliveries")
def deliver(order_id: int, shop_id: int, at: int, note: str, session: Session = Depends(get_session)):
    session.add(Delivery(shop_id=shop_id, order_id=order_id, at=at, note=note))
    session.commit()


@app.get("/shops/{shop_id}/orders/{order_id}/deliveries")
def list_deliveries(shop_id: int, order_id: int, session: Session = Depends(get_session)):
    late = select(Delivery.note).where(Delivery.shop_id == shop_id, Delivery.order_id == order_id)
    found = session.scalars(deliveries(shop_id, order_id)).all()
    return found + session.scalars(late.where(Delivery.at > 18).limit(50)).all()


@app.get("/orders/{order_id}/deliveries")
def list_everywhere(order_id: int, session: Session = Depends(get_session)):
    return session.scalars(select(Delivery.note).where(Delivery.order_id == order_id).limit(50)).all()
"""),
        bad=True,
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
    Example(
        "parts of what users make, on a page that they read",
        shop("""
class Photo(Base):
    __tablename__ = "photos"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    url: Mapped[str]
    width: Mapped[int]


@app.post("/orders/{order_id}/photos")
def add_photo(order_id: int, url: str, width: int, session: Session = Depends(get_session)):
    session.add(Photo(order_id=order_id, url=url, width=width))
    session.commit()


@app.get("/orders/{order_id}/photos")
def list_photos(order_id: int, session: Session = Depends(get_session)):
    return session.scalars(select(Photo.url).where(Photo.order_id == order_id).limit(50)).all()
"""),
        bad=True,
    ),
    Example(
        "labels that are tied to orders: a note",
        shop("""
class Label(Base):
    __tablename__ = "labels"
    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str]


class OrderLabel(Base):
    __tablename__ = "order_labels"
    label_id: Mapped[int] = mapped_column(ForeignKey("labels.id"), primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), primary_key=True)


@app.get("/orders/{order_id}/labels")
def list_labels(order_id: int, session: Session = Depends(get_session)):
    asked = select(OrderLabel.label_id).where(OrderLabel.order_id == order_id)
    return session.scalars(asked.limit(50)).all()
"""),
        bad=True,
    ),
    Example(
        "rows that nothing makes any more: a note",
        shop("""
class Remark(Base):
    __tablename__ = "remarks"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    text: Mapped[str]
    author: Mapped[str]


def write_remark(session: Session, order_id: int, text: str, author: str):
    session.add(Remark(order_id=order_id, text=text, author=author))


@app.get("/orders/{order_id}/remarks")
def list_remarks(order_id: int, session: Session = Depends(get_session)):
    return session.scalars(select(Remark.text).where(Remark.order_id == order_id).limit(50)).all()
"""),
        bad=True,
    ),
    Example(
        "asked only when somebody has a sheet printed: a note",
        shop("""
class Sheet(Base):
    __tablename__ = "sheets"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    text: Mapped[str]
    author: Mapped[str]


@app.post("/orders/{order_id}/print")
def print_sheet(order_id: int, session: Session = Depends(get_session)):
    found = session.scalars(select(Sheet.text).where(Sheet.order_id == order_id).limit(50)).all()
    session.add(Sheet(order_id=order_id, text="".join(found), author="press"))
    session.commit()
"""),
        bad=True,
    ),
)
