from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, event
from sqlalchemy.orm import Session

from strop.patch import Patch
from strop.project.functions import Functions
from tests.fixes.check import (
    Call,
    Case,
    Column,
    Function,
    Imported,
    Relationship,
    Source,
    Span,
    Table,
    check_noop,
    check_transformed,
    module,
)

TABLES = (
    Table(
        "products",
        "models:Product",
        None,
        (
            Column("id", "INTEGER", primary=True),
            Column("code", "INTEGER", unique=True),
            Column("sku", "VARCHAR", unique=True),
            Column("shelf", "INTEGER"),
            Column("price", "INTEGER"),
        ),
    ),
)
RELATIONSHIPS = (Relationship("Order", "items", "Item", True, "select"),)
HEAD = """
    from sqlalchemy import select

    from models import Product


"""
PLAIN = """
    def show(session, order):
        found = []
        for item in order.items:
            product = session.get(Product, item.product_id)
            if product is None:
                continue
            found.append(product.price)
        return found
"""


def case(folder: Path, body: str, at: str = "session.", head: str = HEAD, helper: str = "") -> Case:
    made = Case(
        folder,
        "batch_query",
        {"orders.py": head + body},
        at=at,
        imported=Imported("app", (), tables=TABLES, relationships=RELATIONSHIPS),
    )
    made.facts = {"statement": "", "loop_file": "orders.py", "loop_line": str(made.line(" for "))}
    if helper:
        lines = made.files["orders.py"].splitlines()
        at_line = max(n for n, line in enumerate(lines, 1) if helper in line and "def " not in line)
        call = Call(Span("orders.py", at_line), helper, helper.rstrip("("), f"orders.py:{helper.rstrip('(')}")
        function = Function("orders.py:show", Span("orders.py", at_line), False, (call,))
        made.source = Source(Functions({function.id: function}))
    return made


def test_a_relationship_is_gone_over(tmp_path: Path) -> None:
    after = PLAIN.replace(
        "        for item",
        "        result = session.scalars(\n"
        "            select(Product).where(Product.id.in_({item.product_id for item in order.items}))\n"
        "        )\n"
        "        products_by_id = {row.id: row for row in result}\n"
        "        for item",
    ).replace("session.get(Product, item.product_id)", "products_by_id.get(item.product_id)")
    check_transformed(case(tmp_path, PLAIN), "in_", orders=HEAD + after)


def test_many_keys_are_asked_for_in_parts(tmp_path: Path) -> None:
    body = """
    async def show(session, codes: list[int]):
        for code in codes:
            price = await session.scalar(select(Product.price).where(Product.code == code))
            yield price
"""
    after = """
    async def show(session, codes: list[int]):
        keys = list(dict.fromkeys(code for code in codes))
        price_by_code = {}
        for start in range(0, len(keys), 500):
            result = await session.execute(
                select(Product.code, Product.price).where(
                    Product.code.in_(keys[start : start + 500])
                )
            )
            price_by_code |= {key: value for key, value in result}
        for code in codes:
            price = price_by_code.get(code)
            yield price
"""
    check_transformed(case(tmp_path, body, "session.scalar"), "in_", orders=HEAD + after)


HELPER = """
    def price_of(session, product_id: int) -> int:
        product = session.get(Product, product_id)
        if product is None:
            return 0
        return product.price


    def show(session, order):
        found = []
        for item in order.items:
            price = price_of(session, item.product_id)
            found.append(price)
        return found
"""


def test_a_helper_gets_a_twin(tmp_path: Path) -> None:
    after = """
    def price_of(session, product_id: int) -> int:
        product = session.get(Product, product_id)
        if product is None:
            return 0
        return product.price


    def price_of_for_each(session, product_ids: Collection[int]) -> dict[int, int]:
        \"\"\"What price_of gives for each key, with one statement.\"\"\"
        result = session.scalars(select(Product).where(Product.id.in_(product_ids)))
        products = {product.id: product for product in result}
        found = {}
        for product_id in product_ids:
            product = products.get(product_id)
            found[product_id] = 0 if product is None else product.price
        return found


    def show(session, order):
        found = []
        prices = price_of_for_each(session, {item.product_id for item in order.items})
        for item in order.items:
            price = prices[item.product_id]
            found.append(price)
        return found
"""
    head = "    from collections.abc import Collection\n\n" + HEAD.lstrip("\n")
    check_transformed(case(tmp_path, HELPER, helper="price_of("), "in_", orders=head + after)


MODELS = """
from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

class Base(DeclarativeBase):
    pass

class Product(Base):
    __tablename__ = "products"
    id: Mapped[int] = mapped_column(primary_key=True)
    price: Mapped[int]

class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    items: Mapped[list["Item"]] = relationship(order_by="Item.id")

class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    product_id: Mapped[int | None]
"""


@pytest.mark.filterwarnings("ignore:fully NULL primary key")  # session.get(Product, None) warns
@pytest.mark.parametrize("helper", ["", "price_of("])
@pytest.mark.parametrize("keys", [[3, 1, 2, 1], [], [99, 1], [None, 2]])
def test_the_same_list_with_one_statement(tmp_path: Path, helper: str, keys: list[int | None]) -> None:
    made = case(tmp_path, HELPER if helper else PLAIN, helper=helper)
    answer = made.answers()["in_"]
    assert isinstance(answer, Patch)
    seen = []
    with module(MODELS) as models:
        for source in (made.files["orders.py"], answer.edits[0].after):
            space: dict[str, Any] = {}
            exec(source, space)
            seen.append(shown(models, space["show"], keys))
    assert seen[0][0] == seen[1][0]
    assert seen[1][1] == 1


def shown(models: dict[str, Any], show: Any, keys: list[int | None]) -> tuple[list[int], int]:
    """What the function gives for an order of these products, and how many statements it takes."""
    engine = create_engine("sqlite://")
    models["Base"].metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all(models["Product"](id=n, price=10 * n) for n in range(1, 6))
        session.add(models["Order"](id=1, items=[models["Item"](product_id=key) for key in keys]))
        session.commit()
    statements: list[str] = []
    with Session(engine) as session:
        order = session.get(models["Order"], 1)
        assert order is not None
        assert len(order.items) == len(keys)
        event.listen(engine, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
        prices = show(session, order)
    engine.dispose()
    return prices, len(statements)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("found.append(product.price)", "session.add(product)", "more than this lookup"),
        ("found.append(product.price)", "session.commit()", "more than this lookup"),
        (
            "product = session",
            "if item.open:\n                continue\n            product = session",
            "decides",
        ),
        ("item.product_id)", "other)", "does not depend on the loop"),
        ("item.product_id)", "key(item))", "computed by a call"),
        (
            "product = session.get(Product, item.product_id)",
            "key = item.product_id\n            product = session.get(Product, key)",
            "which the loop computes",
        ),
        ("in order.items", "in items", "iterable only once"),
        ("in order.items", "in order.lines", "iterable only once"),
        ("in order.items", "in enumerate(order.items)", "evaluated twice"),
        ("session.get(Product, item.product_id)", "session.get(Other, item.product_id)", "not known"),
        (
            "session.get(Product, item.product_id)",
            "session.get(Product, item.product_id, options=x)",
            "options",
        ),
        (
            "session.get(Product, item.product_id)",
            "session.scalar(select(Product).where(Product.shelf == item.shelf))",
            "not unique",
        ),
        (
            "session.get(Product, item.product_id)",
            "session.scalar(select(Product).where(Product.sku == item.sku))",
            "is text",
        ),
        (
            "session.get(Product, item.product_id)",
            "session.scalar(select(Product).where(Product.code > item.code))",
            "column == key",
        ),
        (
            "session.get(Product, item.product_id)",
            "session.scalar(select(Product).where(Product.code == item.code).limit(1))",
            "limit",
        ),
        (
            "session.get(Product, item.product_id)",
            "session.execute(select(Product).where(Product.code == item.code)).scalar_one()",
            "not a plain lookup",
        ),
        (
            "session.get(Product, item.product_id)",
            "session.scalar(select(Product).where(Product.code == item.code, Product.shelf == item.shelf))",
            "depends on the loop",
        ),
    ],
)
def test_no_change(tmp_path: Path, old: str, new: str, reason: str) -> None:
    check_noop(case(tmp_path, PLAIN.replace(old, new)), reason=reason)


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("return 0", "log(product_id)\n            return 0", "more than look up"),
        ("product_id: int)", "product_id: int, *, strict: bool = True)", "more parameters"),
        ("    def price_of", "    @cached\n    def price_of", "decorated"),
        ("session.get(Product, product_id)", "session.get(Product, 1)", "second parameter"),
        (
            "price_of(session, item.product_id)",
            "price_of(session, product_id=item.product_id)",
            "session and a key",
        ),
    ],
)
def test_no_change_of_a_helper(tmp_path: Path, old: str, new: str, reason: str) -> None:
    check_noop(case(tmp_path, HELPER.replace(old, new), helper="price_of("), reason=reason)


def test_a_loop_that_is_not_there(tmp_path: Path) -> None:
    made = case(tmp_path, PLAIN)
    made.facts["loop_line"] = "1"
    check_noop(made, reason="no plain for loop")
