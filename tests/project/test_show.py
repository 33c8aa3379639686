"""What `strop show project` says."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from strop.project.join import join
from strop.project.project import Imported, Source
from strop.project.show import as_text, describe
from strop.project.table import Column, Engine, Index, Relationship, Table
from strop.span import Span
from tests.project.example import application, read, route


def test_a_project_as_text(tmp_path: Path) -> None:
    source = read(
        tmp_path,
        {
            "app.py": """
            from fastapi import APIRouter

            router = APIRouter()

            async def session(): ...

            @router.get("/x")
            async def served(): ...

            @router.post("/y")
            def forgotten(): ...

            def helper(x):
                x.run()
            """,
            "broken.py": "def (",
        },
    )
    imported = replace(
        application(route(source, "served", dependencies=("session",), response_model="list[str]")),
        title="Shop",
        tables=(
            Table(
                "orders",
                "app:Order",
                Span("models.py", 3),
                (Column("id", "INTEGER", primary=True), Column("customer", "INTEGER", foreign_key="c.id")),
                (Index("ix", ("customer",)),),
            ),
        ),
        relationships=(Relationship("Order", "items", "Item", True, "select", Span("models.py", 9)),),
        engines=(Engine("sqlite:///x", "sqlite", "pysqlite", False, "QueuePool", 5, 10),),
    )
    assert as_text(describe(join(tmp_path, imported, source))) == (
        "Shop\n"
        "  1 routes, 1 tables\n"
        "  15 lines, 5 functions, 0 classes\n"
        "  3 of 4 calls resolved (75.0%)\n"
        "\n"
        "Routes\n"
        "  GET /x  async def app:served  app.py:8 -> list[str]\n"
        "    async def app:session  app.py:5\n"
        "\n"
        "Tables\n"
        "  orders  app:Order  models.py:3\n"
        "    id INTEGER primary\n"
        "    customer INTEGER indexed, -> c.id\n"
        "\n"
        "Relationships\n"
        "  Order.items  many Item, lazy=select  models.py:9\n"
        "\n"
        "Engines\n"
        "  sqlite:///x  sync pysqlite, QueuePool 5+10\n"
        "\n"
        "Where functions run\n"
        "  import 1, loop 2\n"
        "\n"
        "Not read\n"
        "  broken.py: line 1: invalid syntax\n"
        "\n"
        "Seen in the source, not in the application\n"
        "  forgotten  app.py:11\n"
    )


def test_an_empty_project_has_a_summary_only(tmp_path: Path) -> None:
    sections = describe(join(tmp_path, Imported("", ()), Source()))
    assert [section.title for section in sections] == ["Application"]
