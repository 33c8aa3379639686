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
that waits for the database, a call after which the loop is left. A lazy load is reported as DB001.

By the source alone a warning needs signs of size: turns that are rows of a query, or a list that the caller gave, on a
route that clients call to read (a GET, a POST that ends in `query` or `search`), whose turns neither change rows nor
do what costs more (another service, a file, a process, long computing). Everything else is a note: routes that
write or start work, a handful of providers, roles or settings, the few rows that a route gives unless the client asks for more, the collection of one object, the fields of a body,
candidates until one is found, a key that no turn has met, what a function on the way keeps (`@cached`, `@locked_cached(key=...)`), hands back as it is
(`if not order.is_shared: return order`) or only asks for where the caller leaves it out, as the loop doesn't,
what runs after the answer or for an operator.

**Sources.** SQLAlchemy, "Using IN": https://docs.sqlalchemy.org/en/20/core/operators.html
"""

from __future__ import annotations

from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules import sources, turns
from strop.rules.example import Example, get
from strop.rules.looped import looped, unserved
from strop.rules.repeated import repeated
from strop.rules.rule import Rule
from strop.rules.sample import shop
from strop.rules.served import answered
from strop.rules.turns import finite

WORDS = turns.WORDS
RULE = Rule("DB002", "query-in-loop", "database", "error", "The same statement for each turn of a loop")


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each statement and line that a loop repeats."""
    if evidence is None:
        yield from looped(project, RULE)
    else:
        yield from unserved(project, RULE, answered(evidence))
        yield from repeated(project, evidence, RULE)


def notice(body: Body) -> Iterator[Mark]:
    """Loops whose turns don't follow the data, and what the others go over."""
    yield from finite(body, RULE.code)
    yield from sources.note(body, RULE.code)


EXAMPLES = (
    Example(
        "three calls below the loop, by the source alone",
        shop(
            """
import services


@app.post("/labels/query")
async def read_labels(ids: list[int], session: AsyncSession = Depends(get_async_session)):
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
        "for each row that a query gave, through a service",
        shop(
            """
import services


@app.get("/orders/with-items")
def list_orders(session: Session = Depends(get_session)):
    orders = session.scalars(select(Order).limit(200)).all()
    return [services.describe(session, order) for order in orders]
""",
            services="""
from sqlalchemy import text
from sqlalchemy.orm import Session


def describe(session: Session, order):
    return session.scalar(text("SELECT count(*) FROM items WHERE order_id = :id"), {"id": order.id})
""",
        ),
        bad=True,
    ),
    Example(
        "the turns ask another service too: a note",
        shop("""
import httpx


@app.get("/orders/rates")
def list_rates(session: Session = Depends(get_session)):
    found = []
    for order in session.scalars(select(Order)).all():
        customer = session.get(Customer, order.customer_id)
        found.append(httpx.get(f"https://rates.example/{customer.name}", timeout=2).text)
    return found
"""),
        bad=True,
    ),
    Example(
        "few rows unless the client asks for more: a note",
        shop("""
@app.get("/orders/newest")
def list_newest(most: int = 10, session: Session = Depends(get_session)):
    orders = session.scalars(select(Order).order_by(Order.id.desc()).limit(most)).all()
    return [session.scalar(select(func.count(Item.id)).where(Item.order_id == order.id)) for order in orders]
"""),
        bad=True,
    ),
    Example(
        "many rows unless the client asks for fewer",
        shop("""
@app.get("/orders/newest")
def list_newest(most: int = 200, session: Session = Depends(get_session)):
    orders = session.scalars(select(Order).order_by(Order.id.desc()).limit(most)).all()
    return [session.scalar(select(func.count(Item.id)).where(Item.order_id == order.id)) for order in orders]
"""),
        bad=True,
    ),
    Example(
        "a handful of providers: a note",
        shop("""
@app.get("/sign-in/ways")
def list_ways(session: Session = Depends(get_session)):
    providers = session.scalars(select(Customer)).all()
    return [session.scalar(select(func.count(Order.id)).where(Order.customer_id == p.id)) for p in providers]
"""),
        bad=True,
    ),
    Example(
        "each turn removes rows: a note, with another way out",
        shop("""
from sqlalchemy import delete


@app.delete("/orders/items")
def remove_items(ids: list[int], session: Session = Depends(get_session)):
    for number in ids:
        session.execute(delete(Item).where(Item.order_id == number))
    session.commit()
"""),
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
        "over a list that begins empty and is filled, in a route that writes: a note",
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
        "the function that asks keeps what it found: a note",
        shop(
            """
from caching import locked_cached


@locked_cached(ttl=600)
def count_items(order_id):
    with Session(engine) as session:
        return session.scalar(select(func.count(Item.id)).where(Item.order_id == order_id))


@app.get("/orders/sizes")
def list_sizes(session: Session = Depends(get_session)):
    orders = session.scalars(select(Order).limit(200)).all()
    return [count_items(order.id) for order in orders]
""",
            caching="""
import functools


def locked_cached(ttl):
    known = {}

    def wrap(function):
        @functools.wraps(function)
        def wrapped(*given):
            if given not in known:
                known[given] = function(*given)
            return known[given]

        return wrapped

    return wrap
""",
        ),
        bad=True,
    ),
    Example(
        "most are handed back without a question: a note",
        shop("""
def priced(order: Order, session: Session):
    if not order.customer_id:
        return order
    order.status = session.get(Customer, order.customer_id).name
    return order


@app.get("/orders/priced")
def list_priced(session: Session = Depends(get_session)):
    orders = session.scalars(select(Order).limit(200)).all()
    return [priced(order, session).status for order in orders]
"""),
        bad=True,
    ),
    Example(
        "asked only where the caller leaves it out, and the loop doesn't: a note",
        shop("""
def described(session: Session, order: Order, customer=None):
    whose = customer
    if whose is None and order.customer_id:
        whose = session.get(Customer, order.customer_id)
    return f"{order.number} of {whose.name}"


@app.get("/orders/described")
def list_described(session: Session = Depends(get_session)):
    orders = session.scalars(select(Order).limit(200)).all()
    return [described(session, order, customer=order.customer) for order in orders]
"""),
        bad=True,
    ),
    Example(
        "asked where the caller leaves it out, and the loop does",
        shop("""
def described(session: Session, order: Order, customer=None):
    whose = customer
    if whose is None and order.customer_id:
        whose = session.get(Customer, order.customer_id)
    return f"{order.number} of {whose.name}"


@app.get("/orders/described")
def list_described(session: Session = Depends(get_session)):
    orders = session.scalars(select(Order).limit(200)).all()
    return [described(session, order) for order in orders]
"""),
        bad=True,
    ),
    Example(
        "the first that suits ends the loop: a note",
        shop("""
@app.get("/orders/customer")
def first_customer(session: Session = Depends(get_session)):
    name = "nobody"
    for order in session.scalars(select(Order).order_by(Order.id)).all():
        customer = session.get(Customer, order.customer_id)
        if customer.name != "":
            name = customer.name
            break
    return {"name": name}
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
