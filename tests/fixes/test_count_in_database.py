from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

from strop.patch import Patch
from tests.fixes.check import Case, check_noop, check_transformed, module

HEAD = """
    from sqlalchemy import func, select

    from models import Order


"""


def case(folder: Path, body: str, at: str = "len(", head: str = HEAD) -> Case:
    source = head + "\n".join(f"    {line}" for line in body.strip("\n").split("\n")) + "\n"
    return Case(folder, "count_in_database", {"orders.py": source}, at=at)


def function(*lines: str, kind: str = "async def") -> str:
    return f"{kind} count(session, country=None):\n" + "\n".join(f"    {line}" for line in lines)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (
            "return len((await session.execute(select(Order).where(Order.open))).scalars().all())",
            "return (await session.execute(select(func.count()).select_from(Order).where(Order.open)))"
            ".scalar_one()",
        ),
        (
            "return len((await session.scalars(select(Order.id).order_by(Order.id))).all())",
            "return (await session.execute(select(func.count()).select_from(Order))).scalar_one()",
        ),
        (
            "return len(session.exec(select(Order)).all()) + 1",
            "return session.exec(select(func.count()).select_from(Order)).one() + 1",
        ),
        (
            "return len(session.scalars(select(Order).limit(3)).unique().all())",
            "return session.execute(select(func.count()).select_from(select(Order).limit(3).subquery()))"
            ".scalar_one()",
        ),
        (
            "return len(session.execute(select(Order).join(Item)).all())",
            "return session.execute(select(func.count()).select_from(select(Order).join(Item).subquery()))"
            ".scalar_one()",
        ),
        (
            "return len(session.query(Order).filter(Order.open).order_by(Order.id).all())",
            "return session.query(Order).filter(Order.open).order_by(Order.id).count()",
        ),
    ],
)
def test_in_one_expression(tmp_path: Path, before: str, after: str) -> None:
    (tmp_path / "pyproject.toml").write_text("[tool.ruff]\nline-length = 120\n")
    made = case(tmp_path, function(before))
    check_transformed(made, "func.count", orders=made.files["orders.py"].replace(before, after))


def test_a_statement_with_a_name_is_counted_as_a_subquery(tmp_path: Path) -> None:
    lines = (
        "statement = select(Order).order_by(Order.id)",
        "if country is not None:",
        "    statement = statement.where(Order.country == country)",
        "total = len((await session.scalars(statement)).all())",
        "return total, (await session.scalars(statement.limit(3))).all()",
    )
    made = case(tmp_path, function(*lines))
    after = made.files["orders.py"].replace(
        "total = len((await session.scalars(statement)).all())",
        "total = (\n"
        "        await session.execute(\n"
        "            select(func.count()).select_from(statement.order_by(None).subquery())\n"
        "        )\n"
        "    ).scalar_one()",
    )
    check_transformed(made, "func.count", orders=after)


def test_named_results_and_rows(tmp_path: Path) -> None:
    lines = (
        "first = await session.execute(",
        "    select(Order.id).where(Order.open)  # not paid yet",
        ")",
        "rows = session.execute(select(Order)).scalars().all()",
        "log(len(rows))",
        "return len(first.all()), len(rows)",
    )
    made = case(tmp_path / "a", function(*lines), at="await session")
    after = made.files["orders.py"].replace("select(Order.id)", "select(func.count()).select_from(Order)")
    check_transformed(made, "func.count", orders=after.replace("len(first.all())", "first.scalar_one()"))
    made = case(tmp_path / "b", function(*lines[3:5]), at="rows =")
    after = made.files["orders.py"].replace(
        "rows = session.execute(select(Order)).scalars().all()",
        "rows_count = session.execute(select(func.count()).select_from(Order)).scalar_one()",
    )
    check_transformed(made, "func.count", orders=after.replace("len(rows)", "rows_count"))


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["rows = session.scalars(select(Order)).all()", "return len(rows), rows"], "more than its length"),
        (["r = session.scalars(select(Order))", "return len(r.all()), r.keys()"], "more than its length"),
        (
            ["rows = session.scalars(select(Order)).all()", "rows = []", "return len(rows)"],
            "exactly one place",
        ),
        (["return len(session.scalars(select(Order).join(Item)).unique().all())"], "unique"),
        (["return len(session.scalars(select(Order).with_for_update()).all())"], "with_for_update"),
        (["return len(session.scalars(text('select 1')).all())"], "not a select"),
        (["return len(session.scalars(statement()).all())"], "not a select"),
        (["return len(session.query(Order).join(Item).all())"], "join"),
        (["return len(session.query(Order, Item).all())"], "rows"),
        (["return len(country)"], "0 places"),
        (["rows = load()", "return len(rows)"], "0 places"),
        (["return len(session.scalars(select(Order)).partitions(3))"], "0 places"),
        (
            ["a = len(session.scalars(select(Order)).all()); b = len(session.scalars(select(Order)).all())"],
            "2 places",
        ),
    ],
)
def test_no_change(tmp_path: Path, lines: list[str], reason: str) -> None:
    check_noop(case(tmp_path, function(*lines)), reason=reason)


MODELS = """
from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

class Base(DeclarativeBase):
    pass

class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    open: Mapped[bool]
    items: Mapped[list["Item"]] = relationship(lazy="joined")

class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
"""


@pytest.mark.parametrize(
    "line",
    [
        "return len(session.execute(select(Order).where(Order.open)).unique().all())",
        "return len(session.scalars(select(Order.id).join(Order.items)).all())",
        "return len(session.execute(select(Order.id, Item.id).join(Order.items).limit(4)).all())",
        "return len(session.execute(select(Order.open).distinct()).all())",
        "return len(session.execute(select(Order.open).group_by(Order.open)).all())",
        "return len(session.query(Order).filter(Order.open).limit(2).all())",
        "return len(session.scalars(select(Order).filter_by(open=True)).unique().all())",
    ],
)
def test_the_same_number(tmp_path: Path, line: str) -> None:
    head = HEAD.replace("import Order", "import Item, Order")
    made = case(tmp_path, function(line, kind="def"), head=head)
    answer = made.answers()["func.count"]
    assert isinstance(answer, Patch)
    counts = []
    with module(MODELS) as models:
        for source in (made.files["orders.py"], answer.edits[0].after):
            space: dict[str, Any] = {}
            exec(source, space)
            with filled(models) as session:
                counts.append(space["count"](session))
    assert counts[0] == counts[1] > 0


@contextmanager
def filled(models: dict[str, Any]) -> Iterator[Session]:
    engine = create_engine("sqlite://")
    models["Base"].metadata.create_all(engine)
    orders = [models["Order"](open=n % 3 > 0, items=[models["Item"]() for _ in range(n)]) for n in range(7)]
    with Session(engine) as session:
        session.add_all(orders)
        session.commit()
        yield session
    engine.dispose()
