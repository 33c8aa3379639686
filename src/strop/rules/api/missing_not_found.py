"""What is not there is read as if it were: 500 in place of 404.

**What.** `item = session.get(Item, item_id)` and then `item.name`, with nothing between that asks whether there is such an item.

**Why it costs.** Anybody who sends an id that does not exist gets "internal error"; monitors count it, and
clients can't tell a typo from a failure.

**How it is found.** In a route: a look-up that gives None when there is no row, by a value of the request, whose result is
read or deleted and never asked for None. The session by which it is looked up is no value of the request, and what a dependency
gives isn't one either. A function that raises for what it does not find, unless a parameter tells
it not to, gives None only to who tells it so.

**How to fix it.** `if item is None: raise HTTPException(404)`.

**When it is no problem.** A row that is there for certain: the client's own, checked by a dependency, or the only row of a table.

**Sources.** FastAPI, "Handling Errors": https://fastapi.tiangolo.com/tutorial/handling-errors/ ;
SQLAlchemy, "Session.get": https://docs.sqlalchemy.org/en/20/orm/session_api.html#sqlalchemy.orm.Session.get
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from strop.evidence import Evidence
from strop.finding import Finding
from strop.project.body import Body
from strop.project.mark import Mark
from strop.project.project import Project
from strop.rules import endpoint as routes
from strop.rules.endpoint import Endpoint, endpoint
from strop.rules.example import Example
from strop.rules.lookups import SESSIONS, is_asked, looked_up
from strop.rules.rule import Rule
from strop.rules.sample import shop
from strop.rules.told import marks, tell, ways_to

RULE = Rule("API007", "missing-not-found", "api", "warning", "500 in place of 404", static=True)
WORDS = routes.WORDS


def notice(body: Body) -> Iterator[Mark]:
    """Results of look-ups that are used and never asked for None."""
    route = endpoint(body)
    found = list(looked_up(body)) if route is not None else []
    sent = _sent(route) if route is not None and found else set()
    for name, statement, call in found:
        use = _use(body, name)
        asks_by = {n.id for n in ast.walk(call) if isinstance(n, ast.Name)}
        free = use is not None and not is_asked(body, name) and not _is_tried(body, use)
        if use is not None and free and asks_by & sent and not _is_checked(body, call, asks_by & sent):
            yield body.mark(
                RULE.code, use, name=name, text=body.brief(statement, 90), use=body.brief(use, 60)
            )


def _sent(route: Endpoint) -> set[str]:
    """Parameters that clients fill as they like."""
    plain = ("path", "query", "body", "unknown")
    given = (a for a in route.arguments() if a.source in plain or (a.source == "form" and a.marked))
    return {a.name for a in given if not a.type.startswith(SESSIONS)}


def _is_checked(body: Body, call: ast.Call, names: set[str]) -> bool:
    """Whether a function of the project was given one of these values before: it may refuse it."""
    for earlier in body.of(ast.Call):
        if earlier.lineno >= call.lineno or earlier is call:
            continue
        given = {
            a.id for a in (*earlier.args, *(k.value for k in earlier.keywords)) if isinstance(a, ast.Name)
        }
        ref = body.ref(earlier.func) if given & names else None
        if ref is not None and ref.kind == "function":
            return True
    return False


def _use(body: Body, name: str) -> ast.Attribute | None:
    """The first time that an attribute of the result is read or set."""
    uses = (a for a in body.of(ast.Attribute) if isinstance(a.value, ast.Name) and a.value.id == name)
    return next(uses, None)


def _is_tried(body: Body, use: ast.AST) -> bool:
    return body.within(use, ast.Try) is not None


def check(project: Project, evidence: Evidence | None) -> Iterator[Finding]:
    """One finding for each look-up."""
    for mark in marks(project, RULE):
        yield tell(
            RULE,
            mark,
            ways_to(project, mark.function),
            message=f"{mark.fact('name')} may be None ({mark.fact('text')}), and {mark.fact('use')} is read all the same",
            impact="an id that does not exist is answered with 500",
            solution=f"if {mark.fact('name')} is None: raise HTTPException(404)",
            confidence=0.8,
        )


_FLAGGED = """
from fastapi import HTTPException


class Orders:
    def __init__(self, session: Session):
        self.session = session

    def fetch_order(self, order_id: int, fail_if_missing: bool = True) -> Order | None:
        order = self.session.query(Order).filter(Order.id == order_id).one_or_none()
        if fail_if_missing and not order:
            raise HTTPException(404)
        return order


@app.get("/orders/{order_id}/status")
def read_status(order_id: int, session: Session = Depends(get_session)):
    order = Orders(session).fetch_order(order_id%s)
    return {"status": order.status}
"""

_NEEDS = """
from typing import Annotated

from fastapi import Depends
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column


class Base(DeclarativeBase):
    pass


class Prices(Base):
    __tablename__ = "prices"
    id: Mapped[int] = mapped_column(primary_key=True)
    rate: Mapped[int]


class Customer(Base):
    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


def open_session():
    with Session() as session:
        yield session


Shop = Annotated[Session, Depends(open_session)]


def current(session: Shop):
    return session.get(Customer, 1)


Client = Annotated[Customer, Depends(current)]
"""

EXAMPLES = (
    Example(
        "an order that is not there",
        shop("""
@app.get("/orders/{order_id}/status")
def read_status(order_id: int, session: Session = Depends(get_session)):
    order = session.get(Order, order_id)
    return {"status": order.status}
"""),
        bad=True,
    ),
    Example(
        "404",
        shop("""
from fastapi import HTTPException


@app.get("/orders/{order_id}/status")
def read_status(order_id: int, session: Session = Depends(get_session)):
    order = session.get(Order, order_id)
    if order is None:
        raise HTTPException(404)
    return {"status": order.status}
"""),
        mends="an order that is not there",
    ),
    Example(
        "a row that is there for certain",
        shop("""
def current(session: Session = Depends(get_session)):
    return session.get(Customer, 1).id


@app.get("/me")
def me(me_id: int = Depends(current), session: Session = Depends(get_session)):
    customer = session.get(Customer, me_id)
    return {"name": customer.name}


@app.get("/orders/{order_id}")
def read_order(order_id: int, session: Session = Depends(get_session)):
    order = session.get_one(Order, order_id)
    return {"status": order.status}
"""),
    ),
    Example("a look-up that was told not to raise", shop(_FLAGGED % ", False"), bad=True),
    Example(
        "a look-up that was told not to raise, by name", shop(_FLAGGED % ", fail_if_missing=False"), bad=True
    ),
    Example("a look-up that raises unless it is told not to", shop(_FLAGGED % "")),
    Example(
        "the only row of a table, and the client's own, by types that another module names",
        files={
            "needs.py": _NEEDS,
            "main.py": """
from fastapi import FastAPI

from needs import Client, Customer, Prices, Shop

app = FastAPI()


@app.put("/prices")
def change_prices(session: Shop, rate: int):
    prices = session.query(Prices).first()
    prices.rate = rate
    session.commit()


@app.get("/me")
def read_me(session: Shop, client: Client):
    customer = session.get(Customer, client.id)
    return {"name": customer.name}
""",
        },
    ),
)
