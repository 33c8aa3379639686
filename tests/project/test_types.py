"""A method is found when the type of its object is known, from annotations, constructors and Depends."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.project.example import called, named, read

SERVICE = """
class Service:
    def work(self): ...
    def again(self) -> "Service": ...

def get_service() -> Service:
    return Service()

def open_service():
    service = Service()
    try:
        yield service
    finally:
        service.again()

service = Service()
"""


@pytest.mark.parametrize(
    "handler",
    [
        "def handler(s: Service):\n    s.work()",
        "def handler(s: 'Service'):\n    s.work()",
        "def handler(s: Service | None):\n    s.work()",
        "def handler(s: Optional[Service] = None):\n    s.work()",
        "def handler(s: Annotated[Service, Depends(get_service)]):\n    s.work()",
        "def handler(s: Annotated[Any, Depends(get_service)]):\n    s.work()",
        "def handler(s: ServiceDep):\n    s.work()",
        "def handler(s=Depends(get_service)):\n    s.work()",
        "def handler(s=Depends(open_service)):\n    s.work()",
        "def handler(s: Service = Depends()):\n    s.work()",
        "def handler(items: list[Service]):\n    for s in items:\n        s.work()",
        "def handler(items: dict[str, Service]):\n    for s in items.values():\n        s.work()",
        "def handler(items: dict[str, Service]):\n    [s.work() for _, s in items.items()]",
        "def handler(items: dict[str, Service]):\n    items['a'].work()",
        "def handler():\n    Service().work()",
        "def handler():\n    s = Service()\n    s.work()",
        "def handler():\n    s = module.get_service()\n    s.work()",
        "def handler():\n    module.service.work()",
        "def handler(flag):\n    s = Service() if flag else None\n    s.work()",
        "def handler(x):\n    if isinstance(x, Service):\n        x.work()",
        "async def handler():\n    s = await fetch()\n    s.work()",
        "def handler():\n    (s := Service())\n    s.work()",
        "def handler():\n    a, s = 1, Service()\n    s.work()",
        "def handler(x):\n    s = cast(Service, x)\n    s.work()",
    ],
)
def test_ways_to_know_an_object(tmp_path: Path, handler: str) -> None:
    source = read(
        tmp_path,
        {
            "service.py": SERVICE,
            "api.py": "from typing import Annotated, Any, Optional, cast\nfrom fastapi import Depends\n"
            "import service as module\nfrom service import Service, get_service, open_service\n"
            "ServiceDep = Annotated[Service, Depends(get_service)]\n"
            "async def fetch() -> Service: ...\n"
            f"{handler}\n",
        },
    )
    assert "Service.work" in called(source, "handler")


@pytest.mark.parametrize(
    "handler",
    [
        "def handler(s):\n    s.work()",
        "def handler(s: dict):\n    s.work()",
        "def handler(s: Service):\n    s = unknown()\n    s.work()",
        "def handler(s: list[Service]):\n    s.work()",
        "def handler():\n    other.work()",
        "def handler(Service):\n    Service().work()",
    ],
)
def test_look_alikes_stay_unresolved(tmp_path: Path, handler: str) -> None:
    source = read(tmp_path, {"service.py": SERVICE, "api.py": f"from service import Service\n\n{handler}\n"})
    assert called(source, "handler") == []


def test_attributes_that_the_constructor_sets(tmp_path: Path) -> None:
    source = read(
        tmp_path,
        {
            "app.py": """
            class Store:
                def save(self): ...

            class Mailer:
                def send(self): ...

            class Orders:
                mailer: Mailer

                def __init__(self, store: Store, url: str):
                    self.store = store
                    self.own = Store()
                    self.url = url

                def place(self):
                    self.store.save()
                    self.own.save()
                    self.mailer.send()
                    self.url.save()
                    self.check()

                def check(self): ...
            """
        },
    )
    assert called(source, "Orders.place") == ["Store.save", "Store.save", "Mailer.send", "Orders.check"]


def test_inherited_methods_super_and_overriding(tmp_path: Path) -> None:
    source = read(
        tmp_path,
        {
            "base.py": "class Base:\n    def load(self): ...\n    def save(self): ...\n",
            "app.py": """
            from base import Base

            class Repo(Base):
                def save(self):
                    super().save()

            def use(repo: Repo):
                repo.load()
                repo.save()
            """,
        },
    )
    assert called(source, "use") == ["Base.load", "Repo.save"]
    assert called(source, "Repo.save") == ["Base.save"]


def test_type_arguments_reach_the_methods_of_a_generic_base(tmp_path: Path) -> None:
    source = read(
        tmp_path,
        {
            "app.py": """
            from typing import Generic, TypeVar
            T = TypeVar("T")

            class Order:
                def total(self): ...

            class Repo(Generic[T]):
                def get(self) -> T: ...
                def all(self) -> list[T]: ...

            class OrderRepo(Repo[Order]): ...

            def by_subclass(repo: OrderRepo):
                repo.get().total()

            def by_argument(repo: Repo[Order]):
                for order in repo.all():
                    order.total()

            def unknown(repo: Repo):
                repo.get().total()
            """
        },
    )
    assert called(source, "by_subclass") == ["Repo.get", "Order.total"]
    assert called(source, "by_argument") == ["Repo.all", "Order.total"]
    assert called(source, "unknown") == ["Repo.get"]


def test_an_abstract_method_runs_its_implementations(tmp_path: Path) -> None:
    source = read(
        tmp_path,
        {
            "app.py": """
            from abc import ABC, abstractmethod
            from typing import Protocol

            class Sender(ABC):
                @abstractmethod
                def send(self, to): ...

            class Smtp(Sender):
                def send(self, to): print(to)

            class Hasher(Protocol):
                def hash(self, text: str) -> str: ...

            class Argon:
                def hash(self, text: str) -> str:
                    return text + "!"

            class Map:
                def hash(self, key, bits):
                    return key

            def use(sender: Sender, hasher: Hasher):
                sender.send(1)
                hasher.hash("x")
            """
        },
    )
    assert called(source, "use") == ["Smtp.send", "Argon.hash"]


def test_a_property_that_is_read_is_a_call(tmp_path: Path) -> None:
    source = read(
        tmp_path,
        {
            "app.py": """
            from functools import cached_property

            class Order:
                @property
                def total(self) -> int:
                    return 1

                @total.setter
                def total(self, value): ...

                @cached_property
                def lines(self): ...

            class Other:
                total: int

            def use(order: Order, other: Other, unknown):
                order.total
                order.lines
                order.total = 3
                other.total
                unknown.total
            """
        },
    )
    assert called(source, "use") == ["Order.total", "Order.lines"]


def test_rows_of_sqlalchemy_have_their_class(tmp_path: Path) -> None:
    source = read(
        tmp_path,
        {
            "app.py": """
            from sqlalchemy import select
            from sqlalchemy.ext.asyncio import AsyncSession
            from sqlalchemy.orm import Session, Mapped, relationship

            class Item:
                def price(self): ...

            class Order:
                items: Mapped[list["Item"]] = relationship()
                def total(self): ...

            async def by_scalars(session: AsyncSession):
                for order in (await session.scalars(select(Order).limit(3))).all():
                    order.total()
                    for item in order.items:
                        item.price()

            async def by_execute(session: AsyncSession):
                result = await session.execute(select(Order).where(1 == 1))
                result.scalars().unique().all()[0].total()
                (await session.get(Order, 1)).total()

            def by_query(session: Session):
                session.query(Order).filter(1 == 1).first().total()
            """
        },
    )
    assert called(source, "by_scalars") == ["Order.total", "Item.price"]
    assert called(source, "by_execute") == ["Order.total", "Order.total"]
    assert called(source, "by_query") == ["Order.total"]


def test_with_calls_enter_and_exit_and_binds_what_enter_returns(tmp_path: Path) -> None:
    source = read(
        tmp_path,
        {
            "app.py": """
            from contextlib import contextmanager

            class Session:
                def work(self): ...

            class Unit:
                async def __aenter__(self) -> Session: ...
                async def __aexit__(self, *a): ...

            @contextmanager
            def scope():
                yield Session()

            async def use():
                async with Unit() as s:
                    s.work()
                with scope() as s2:
                    s2.work()
            """
        },
    )
    assert called(source, "use") == [
        "Unit.__aenter__", "Unit.__aexit__", "Session.work", "scope", "Session.work",
    ]  # fmt: skip


def test_the_last_assignment_before_a_use_counts_and_branches_are_joined(tmp_path: Path) -> None:
    source = read(
        tmp_path,
        {
            "app.py": """
            class A:
                def run(self): ...

            class B:
                def run(self): ...

            def straight():
                x = A()
                x = B()
                x.run()

            def branches(flag):
                x = A()
                if flag:
                    x = B()
                x.run()
            """
        },
    )
    assert called(source, "straight") == ["B.run"]
    assert sorted(called(source, "branches")) == ["A.run", "B.run"]


def test_recursion_in_types_ends(tmp_path: Path) -> None:
    source = read(
        tmp_path,
        {
            "app.py": """
            class Node(Node): ...

            def a(): return b()
            def b(): return a()

            def use():
                x = a()
                x = x.next
                x.run()
                Node().run()
            """
        },
    )
    assert called(source, "use") == ["a"]
    assert named(source, "use")[:2] == ["app.a", "?.run"]
