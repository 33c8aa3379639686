"""A small real application, before and after each fix: the same answers for less."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from msgspec.structs import replace

from strop.fixes.write import apply
from strop.patch import Patch
from strop.project.functions import Functions
from tests.fixes.check import (
    Call,
    Case,
    Column,
    Dependency,
    Engine,
    Function,
    Imported,
    Relationship,
    Route,
    Source,
    Span,
    Table,
)

APP = """
import time
from functools import cache

from fastapi import Depends, FastAPI
from pydantic import BaseModel, ConfigDict
from sqlalchemy import ForeignKey, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    city: Mapped[str]
    items: Mapped[list["Item"]] = relationship(order_by="Item.id")


class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    product_id: Mapped[int]


class Product(Base):
    __tablename__ = "products"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


engine = create_engine("sqlite:///orders.db")
app = FastAPI()


class ItemOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int


class OrderOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int
    items: list[ItemOut]


class Settings(BaseModel):
    currency: str = "EUR"


def get_session():
    with Session(engine) as session:
        yield session


def get_limit(limit: int = 10):
    return limit


def get_settings() -> Settings:
    return Settings()


def work(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


@app.get("/orders", response_model=list[OrderOut])
def list_orders(session: Session = Depends(get_session), limit: int = Depends(get_limit)):
    return session.scalars(select(Order).limit(limit)).all()


@app.get("/names")
def names(session: Session = Depends(get_session)) -> list[str]:
    found = []
    order = session.get(Order, 1)
    for item in order.items:
        product = session.get(Product, item.product_id)
        found.append(product.name if product else "?")
    return found


@app.get("/count")
def count(session: Session = Depends(get_session)) -> int:
    return len(session.scalars(select(Order)).all())


@app.get("/slow")
async def slow() -> float:
    return work(0.0)


@app.get("/price")
def price(settings: Settings = Depends(get_settings)) -> str:
    return settings.currency
"""
CONFTEST = """
import pytest
from fastapi.testclient import TestClient

from main import Base, Item, Order, Product, Session, app, engine


@pytest.fixture
def client():
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all(Product(id=n, name=f"P{n}") for n in range(1, 4))
        session.add_all(Order(city="x", items=[Item(product_id=1 + n % 4) for n in range(k)]) for k in range(5, 0, -1))
        session.commit()
    with TestClient(app) as client:
        yield client
    engine.dispose()
"""
TESTS = """
def test_answers(client):
    assert len(client.get("/orders").json()) == 5
    assert client.get("/orders").json()[0]["items"][-1] == {"id": 5}
    assert client.get("/names").json() == ["P1", "P2", "P3", "?", "P1"]
    assert client.get("/count").json() == 5
    assert client.get("/slow").json() == 0.0
    assert client.get("/price").json() == "EUR"
"""


def imported() -> Imported:
    dependency = Dependency("main:get_limit", Span("main.py", 1), False)
    routes = (
        Route("GET", "/orders", "main:list_orders", Span("main.py", 1), False, (dependency,)),
        Route("GET", "/slow", "main:slow", Span("main.py", 1), True),
    )
    columns = (Column("id", "INTEGER", primary=True), Column("city", "VARCHAR"))
    tables = tuple(
        Table(name, f"main:{model}", Span("main.py", 1), columns)
        for name, model in (("orders", "Order"), ("items", "Item"), ("products", "Product"))
    )
    relationships = (Relationship("Order", "items", "Item", True, "select", Span("main.py", 1)),)
    engines = (
        Engine("sqlite:///orders.db", "sqlite", "pysqlite", False, "QueuePool", 5, 10, Span("main.py", 1)),
    )
    return Imported("app", routes, tables=tables, relationships=relationships, engines=engines)


@dataclass(frozen=True)
class Try:
    """A finding in the application, and the option that is taken."""

    fix: str
    code: str
    at: str
    option: str
    route: str = "GET /orders"
    facts: tuple[tuple[str, str], ...] = ()


TRIES = (
    Try("load_relationship", "DB001", "select(Order).limit", "selectinload"),
    Try("load_relationship", "DB001", "select(Order).limit", "lazy-selectin"),
    Try("batch_query", "DB002", "session.get(Product", "in_", "GET /names"),
    Try("count_in_database", "DB006", "len(session", "func.count", "GET /count"),
    Try("add_index", "DB005", "city:", "index"),
    Try("wrap_blocking_call", "ASY001", "return work", "run_in_threadpool", "GET /slow"),
    Try("make_handler_sync", "ASY001", "return work", "def", "GET /slow"),
    Try("make_dependency_async", "ASY004", "def get_limit", "async def"),
    Try("build_once", "RUN001", "return Settings", "cached-factory", "GET /price"),
    Try("set_pool", "DB009", "engine = create", "pool_size"),
)


def case(folder: Path, one: Try) -> Case:
    """The finding in the application as it is in the folder now."""
    main = folder / "main.py"
    files = {"main.py": main.read_text() if main.exists() else APP}
    made = Case(folder, one.fix, files, code=one.code, at=one.at, imported=imported(), routes=(one.route,))
    (folder / "conftest.py").write_text(CONFTEST)
    (folder / "tests").mkdir(exist_ok=True)
    (folder / "tests/test_answers.py").write_text(TESTS)
    made.facts = {
        "parent_file": "main.py",
        "parent_line": str(made.line("select(Order)")),
        "statement": "SELECT products.id FROM products"
        if one.code == "DB002"
        else "SELECT orders.id FROM orders",
        "loop_file": "main.py",
        "loop_line": str(made.line("for item in")),
        "table": "orders",
        "columns": "city",
        "call": "work(0.0)",
        "function": "main.py:get_limit",
        "name": "Settings",
        "thread_limit": "40",
    }
    if one.code == "DB001":
        made.facts["relationship"] = "Order.items"
    call = Call(Span("main.py", made.line("def slow") + 1, "slow"), "work(0.0)", "main.work", "main.py:work")
    made.source = Source(
        Functions({"main.py:slow": Function("main.py:slow", Span("main.py", 1), True, (call,))})
    )
    return made


def run(folder: Path, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", "-W", "ignore", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout


def patch(folder: Path, one: Try) -> Patch:
    answer = case(folder, one).answers()[one.option]
    assert isinstance(answer, Patch), answer
    return answer


def test_every_test_is_red_before(tmp_path: Path) -> None:
    tests = {}
    for number, one in enumerate(TRIES):
        (test,) = patch(tmp_path, one).tests
        tests[f"tests/test_{number}.py"] = replace(test, file=f"tests/test_{number}.py")
    apply(tmp_path, Patch("", "", "", "", "", tuple(tests.values())))
    printed = run(tmp_path, "tests")
    assert printed.count("\nFAILED ") == len(TRIES)
    assert printed.count("\nPASSED ") == 1
    assert "\nPASSED tests/test_answers.py::test_answers" in printed


@pytest.mark.parametrize(
    "options",
    [
        {"selectinload", "in_", "func.count", "index", "run_in_threadpool", "async def", "cached-factory"},
        {"lazy-selectin", "def", "pool_size"},
    ],
    ids=["one after the other", "the other options"],
)
def test_every_test_is_green_after_and_the_answers_stay(tmp_path: Path, options: set[str]) -> None:
    for one in TRIES:
        if one.option in options:
            apply(tmp_path, patch(tmp_path, one))
    printed = run(tmp_path, "tests")
    assert "\nFAILED" not in printed
    assert printed.count("\nPASSED ") == len(options) + 1
