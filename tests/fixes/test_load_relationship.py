from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from strop.patch import Patch
from strop.project.functions import Functions
from tests.fixes.check import Case, Imported, Relationship, Span, check_noop, check_transformed

MODELS = """
    from sqlalchemy.orm import relationship

    class Order(Base):
        customer: Mapped[Customer] = relationship(back_populates="orders")
        items = relationship("OrderItem")

    class OrderItem(Base):
        product = relationship("Product")
"""
RELATIONSHIPS = (
    Relationship("Order", "items", "OrderItem", True, "select", Span("models.py", 5), module="models"),
    Relationship("Order", "customer", "Customer", False, "select", Span("models.py", 4), module="models"),
    Relationship("OrderItem", "product", "Product", False, "select", Span("models.py", 8), module="models"),
)


def case(
    folder: Path, source: str, at: str = "session.", relationship: str = "Order.items", **more: Any
) -> Case:
    made = Case(
        folder,
        "load_relationship",
        {"app/orders.py": source, "models.py": MODELS},
        code=more.pop("code", "DB001"),
        facts={},
        imported=Imported("app", (), relationships=RELATIONSHIPS),
        **more,
    )
    word = "relationships" if made.code == "DB003" else "relationship"
    made.facts = {word: relationship, "parent_file": "app/orders.py", "parent_line": str(made.line(at))}
    return made


def test_select_in_execute(tmp_path: Path) -> None:
    before = case(
        tmp_path,
        """
        from sqlalchemy import select

        from models import Order


        async def list_orders(session):
            # newest first
            result = await session.execute(select(Order).order_by(Order.placed_at.desc()))
            return result.scalars().all()
        """,
    )
    check_transformed(
        before,
        "selectinload",
        app_orders="""
        from sqlalchemy import select
        from sqlalchemy.orm import selectinload

        from models import Order


        async def list_orders(session):
            # newest first
            result = await session.execute(
                select(Order)
                .options(selectinload(Order.items))
                .order_by(Order.placed_at.desc())
            )
            return result.scalars().all()
        """,
    )


def test_chain_of_lines_and_a_name(tmp_path: Path) -> None:
    before = case(
        tmp_path,
        """
        import sqlalchemy as sa
        from sqlalchemy.orm import Session, joinedload as together

        from models import Order


        def list_orders(session: Session, open_only: bool):
            statement = (
                sa.select(Order)
                .where(Order.id > 3)  # old ones are archived
                .order_by(Order.id)
            )
            if open_only:
                statement = statement.where(Order.open)
            return session.scalars(statement).all()
        """,
        at="session.scalars",
        relationship="Order.customer",
    )
    check_transformed(
        before,
        "joinedload",
        app_orders="""
        import sqlalchemy as sa
        from sqlalchemy.orm import Session, joinedload as together

        from models import Order


        def list_orders(session: Session, open_only: bool):
            statement = (
                sa.select(Order)
                .options(together(Order.customer))
                .where(Order.id > 3)  # old ones are archived
                .order_by(Order.id)
            )
            if open_only:
                statement = statement.where(Order.open)
            return session.scalars(statement).all()
        """,
    )


def test_session_query(tmp_path: Path) -> None:
    before = case(
        tmp_path,
        """
        from sqlalchemy.orm import Session

        import models


        def list_orders(db: Session):
            return db.query(models.Order).filter_by(open=True).all()
        """,
        at="db.query",
    )
    check_transformed(
        before,
        "selectinload",
        app_orders="""
        from sqlalchemy.orm import Session, selectinload

        import models


        def list_orders(db: Session):
            return (
                db.query(models.Order)
                .options(selectinload(models.Order.items))
                .filter_by(open=True)
                .all()
            )
        """,
    )


def test_session_get(tmp_path: Path) -> None:
    before = case(
        tmp_path,
        """
        from models import Order


        async def one(session, key):
            return await session.get(Order, key)


        async def two(session, key):
            return await session.get(Order, key, options=[])
        """,
    )
    check_transformed(
        before,
        "selectinload",
        app_orders="""
        from sqlalchemy.orm import selectinload

        from models import Order


        async def one(session, key):
            return await session.get(Order, key, options=[selectinload(Order.items)])


        async def two(session, key):
            return await session.get(Order, key, options=[])
        """,
    )


def test_options_are_extended_and_paths_made_longer(tmp_path: Path) -> None:
    source = """
        from sqlalchemy import select
        from sqlalchemy.orm import selectinload

        from models import Order, OrderItem


        def f(session):
            return session.scalars(
                select(Order).options(
                    selectinload(Order.items),  # shown in the table
                )
            )
        """
    check_transformed(
        case(tmp_path / "a", source, relationship="OrderItem.product"),
        "selectinload",
        app_orders=source.replace("(Order.items)", "(Order.items).selectinload(OrderItem.product)"),
    )
    check_transformed(
        case(tmp_path / "b", source, relationship="Order.customer"),
        "selectinload",
        app_orders=source.replace("table\n", "table\n                    selectinload(Order.customer),\n"),
    )


def test_way_over_a_relationship_that_no_option_names(tmp_path: Path) -> None:
    source = """
        from sqlalchemy import select
        from sqlalchemy.orm import selectinload

        from models import Order, OrderItem


        def f(session):
            return session.scalars(select(Order)).all()
        """
    check_transformed(
        case(tmp_path, source, relationship="OrderItem.product"),
        "selectinload",
        app_orders=source.replace(
            "select(Order)",
            """
                select(Order).options(selectinload(Order.items).selectinload(OrderItem.product))
            """.rstrip(" ")
            + " " * 12,
        ),
    )


def test_a_select_that_a_function_makes_more_of(tmp_path: Path) -> None:
    source = """
        from sqlalchemy import select
        from sqlalchemy.orm import selectinload

        from models import Order


        def f(session):
            return session.scalars(only_open(select(Order), 3).limit(1)).all()
        """
    after = source.replace(
        "session.scalars(only_open(select(Order), 3).limit(1)).all()",
        "session.scalars(\n                only_open(select(Order).options(selectinload(Order.items)), 3).limit(1)\n"
        "            ).all()",
    )
    check_transformed(case(tmp_path, source), "selectinload", app_orders=after)


def test_statement_passed_by_the_only_caller(tmp_path: Path) -> None:
    from strop.project.function import Call, Function
    from strop.project.project import Source

    source = """
        from sqlalchemy import select

        from models import Order


        def fetch(session, statement):
            return session.scalars(statement).all()


        def list_orders(session):
            return fetch(session, select(Order))
        """
    before = case(tmp_path, source, at="session.scalars")
    line = before.line("fetch(session, select")
    call = Call(Span("app/orders.py", line, "list_orders"), "fetch(...)", "fetch", "app/orders.py:fetch")
    function = Function("app/orders.py:list_orders", Span("app/orders.py", line - 1), False, (call,))
    before.source = Source(Functions({function.id: function}))
    check_transformed(
        before,
        "selectinload",
        app_orders="""
        from sqlalchemy import select
        from sqlalchemy.orm import selectinload

        from models import Order


        def fetch(session, statement):
            return session.scalars(statement).all()


        def list_orders(session):
            return fetch(session, select(Order).options(selectinload(Order.items)))
        """,
    )


def test_joined_options_become_selectin_and_the_import_follows(tmp_path: Path) -> None:
    source = """
        from sqlalchemy import select
        from sqlalchemy.orm import Session, joinedload

        from models import Order


        def f(session):
            statement = select(Order).options(joinedload(Order.items))
            return session.scalars(statement).unique().all()
        """
    after = source.replace("joinedload", "selectinload")
    before = case(tmp_path / "a", source, at="session.scalars", code="DB003")
    check_transformed(before, "selectinload", app_orders=after)
    before = case(tmp_path / "b", source, at="session.scalars", code="DB003")
    assert "replace-joinedload" not in before.answers()  # it would be the same patch


def test_joined_options_elsewhere_become_selectin(tmp_path: Path) -> None:
    source = """
        from sqlalchemy.orm import joinedload

        from models import Order, OrderItem


        def options():
            return [joinedload(Order.items).joinedload(OrderItem.product)]


        def f(session):
            return session.scalars(statement(options())).unique().all()
        """
    after = source.replace("[joinedload", "[selectinload").replace(
        "import joinedload", "import joinedload, selectinload"
    )
    before = case(tmp_path, source, at="session.scalars", code="DB003")
    check_transformed(before, "replace-joinedload", app_orders=after)


def test_a_default_that_does_not_join_stays(tmp_path: Path) -> None:
    check_noop(case(tmp_path, PLAIN, code="DB003"), "lazy-selectin", "not joined by default")


PLAIN = """
    from sqlalchemy import select
    from models import Order


    def f(session):
        return session.scalars(select(Order)).all()
    """


def test_default_in_the_model(tmp_path: Path) -> None:
    check_transformed(
        case(tmp_path, PLAIN),
        "lazy-selectin",
        models=MODELS.replace('"OrderItem")', '"OrderItem", lazy="selectin")'),
    )


def models_case(folder: Path, models: str, relationships: str) -> Case:
    return Case(
        folder,
        "load_relationship",
        {"models.py": models},
        code="DB003",
        facts={"relationships": relationships},
    )


def test_joined_defaults_all_in_one_patch(tmp_path: Path) -> None:
    source = """
        class Spool(Base):
            extra: Mapped[list["SpoolField"]] = relationship(
                back_populates="spool",
                lazy='joined',  # small
            )

        class Vendor(Base):
            extra = orm.relationship(lazy="joined")
            other = orm.relationship(lazy="joined")
        """
    check_transformed(
        models_case(tmp_path, source, "Spool.extra, Vendor.extra"),
        "lazy-selectin",
        models=source.replace("'joined'", "'selectin'").replace(
            'extra = orm.relationship(lazy="joined")', 'extra = orm.relationship(lazy="selectin")'
        ),
    )


def test_sqlmodel_relationships(tmp_path: Path) -> None:
    source = """
        class Team(SQLModel, table=True):
            heroes: list["Hero"] = Relationship(back_populates="team")
            rooms: list["Room"] = Relationship(sa_relationship_kwargs={"order_by": "Room.id"})
            cars: list["Car"] = Relationship(sa_relationship_kwargs={"lazy": "joined"})
            pets: list["Pet"] = Relationship(sa_relationship_kwargs=dict(lazy="joined"))
            keys: list["Key"] = Relationship(sa_relationship=relationship("Key"))
        """
    check_transformed(
        models_case(tmp_path, source, "Team.heroes Team.rooms Team.cars Team.pets Team.keys"),
        "lazy-selectin",
        models="""
        class Team(SQLModel, table=True):
            heroes: list["Hero"] = Relationship(
                back_populates="team", sa_relationship_kwargs={"lazy": "selectin"}
            )
            rooms: list["Room"] = Relationship(
                sa_relationship_kwargs={"order_by": "Room.id", "lazy": "selectin"}
            )
            cars: list["Car"] = Relationship(sa_relationship_kwargs={"lazy": "selectin"})
            pets: list["Pet"] = Relationship(sa_relationship_kwargs=dict(lazy="selectin"))
            keys: list["Key"] = Relationship(
                sa_relationship=relationship("Key", lazy="selectin")
            )
        """,
    )


@pytest.mark.parametrize(
    ("declared", "reason"),
    [
        ('relationship("Item", lazy="dynamic")', "on purpose"),
        ('relationship("Item", lazy="raise")', "on purpose"),
        ('relationship("Item", lazy=LAZY)', "on purpose"),
        ('relationship("Item", lazy="selectin")', "already"),
        ("relationship(**options)", "not all in sight"),
        ("items_relationship()", "not a plain relationship"),
        ("Relationship(sa_relationship_kwargs=KWARGS)", "not a plain dictionary"),
        ('Relationship(sa_relationship_kwargs={**X, "a": 1})', "not a plain dictionary"),
    ],
)
def test_no_change_in_the_model(tmp_path: Path, declared: str, reason: str) -> None:
    check_noop(
        models_case(tmp_path, f"class Order(Base):\n    items = {declared}\n", "Order.items"),
        "lazy-selectin",
        reason,
    )


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("return session.scalars(statement()).all()", "statement()"),
        ("return session.scalars(select(Order.id)).all()", "no single way"),
        ("return session.scalars(select(User)).all()", "no single way"),
        ("return session.scalars(text('select 1')).all()", "text("),
        ("return cache.get(Order, 1)", "outside the function"),
        ("return session.refresh(order)", "no statement"),
        ("return session.scalars(select(Order).options(selectinload(Order.items)))", "already"),
        ("return session.scalars(select(Order).options(raiseload(Order.items)))", "on purpose"),
        ("return session.scalars(select(Order).options(contains_eager(Order.items)))", "on purpose"),
        (
            "return session.scalars(select(Order).options(joinedload(Order.items, innerjoin=True)))",
            "of its own",
        ),
        ("return session.get(Order, session.key, options=OPTIONS)", "not a plain list"),
    ],
)
def test_no_change_at_the_query(tmp_path: Path, body: str, reason: str) -> None:
    source = f"from sqlalchemy import select\nfrom models import Order\n\n\ndef f(session):\n    {body}\n"
    words = "session." if "session." in body else "cache."
    check_noop(case(tmp_path, source, at=words), "selectinload", reason)


def test_no_join_where_it_changes_a_lock(tmp_path: Path) -> None:
    source = PLAIN.replace("select(Order)", "select(Order).with_for_update()")
    check_noop(case(tmp_path, source, relationship="Order.customer"), "joinedload", "with_for_update")


def test_collections_are_not_joined(tmp_path: Path) -> None:
    assert "joinedload" not in case(tmp_path, PLAIN).answers()


def test_a_name_made_in_two_places_is_left_alone(tmp_path: Path) -> None:
    source = """
        from sqlalchemy import select
        from models import Order


        def f(session, x):
            if x:
                statement = select(Order)
            else:
                statement = select(Order).where(Order.open)
            return session.scalars(statement).all()
        """
    check_noop(case(tmp_path, source), "selectinload", "several places")


def test_windows_line_endings_stay(tmp_path: Path) -> None:
    before = case(tmp_path, PLAIN)
    path = tmp_path / "app/orders.py"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    answer = before.answers()["selectinload"]
    assert isinstance(answer, Patch)
    (edit,) = answer.edits
    assert edit.before
    assert edit.after.count("\r\n") == edit.after.count("\n") == edit.before.count("\n") + 1
