"""The small shop that examples of database rules are written in: models, data, sessions and answers."""

from __future__ import annotations

from collections.abc import Mapping

PLAIN = """\
import asyncio
import hashlib
import time
from functools import lru_cache
from pathlib import Path

from fastapi import Depends, FastAPI, HTTPException
from fastapi.concurrency import run_in_threadpool

app = FastAPI()
"""

SHOP = """\
from fastapi import Depends, FastAPI
from pydantic import BaseModel, ConfigDict
from sqlalchemy import ForeignKey, create_engine, func, select
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, joinedload, mapped_column, relationship, selectinload


class Base(DeclarativeBase):
    pass


class Customer(Base):
    __tablename__ = "customers"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]


class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    quantity: Mapped[int]
    order: Mapped["Order"] = relationship(back_populates="items")


class Payment(Base):
    __tablename__ = "payments"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"), index=True)
    cents: Mapped[int]


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str]
    status: Mapped[str]
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    customer: Mapped[Customer] = relationship()
    items: Mapped[list[Item]] = relationship(back_populates="order")
    payments: Mapped[list[Payment]] = relationship()

    @property
    def quantity(self):
        return sum(item.quantity for item in self.items)


engine = create_engine("sqlite:///shop.db")
async_engine = create_async_engine("sqlite+aiosqlite:///shop.db")
Base.metadata.create_all(engine)
with Session(engine) as session:
    if session.get(Customer, 1) is None:
        session.add_all(Customer(id=n, name=f"customer {n}") for n in range(1, 41))
        session.flush()
        session.add_all(
            Order(id=n, number=f"SO-{n}", status="open" if n % 3 else "paid", customer_id=n % 40 + 1)
            for n in range(1, 1201)
        )
        session.flush()
        session.add_all(Item(order_id=n, quantity=q) for n in range(1, 41) for q in range(1, 7))
        session.add_all(Payment(order_id=n, cents=c) for n in range(1, 41) for c in range(1, 7))
        session.commit()


def get_session():
    with Session(engine) as session:
        yield session


async def get_async_session():
    async with AsyncSession(async_engine, expire_on_commit=False) as session:
        yield session


class ItemOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int
    quantity: int


class OrderOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int
    number: str
    items: list[ItemOut]


class OrderRow(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int
    number: str


app = FastAPI()
"""


def shop(code: str, **modules: str) -> Mapping[str, str]:
    """The shop with more code in `main.py`, and other modules by name."""
    return _files(SHOP + code, modules)


def plain(code: str, **modules: str) -> dict[str, str]:
    """An application without a database, with this code in `main.py`, and other modules by name."""
    return _files(PLAIN + code, modules)


def _files(main: str, modules: Mapping[str, str]) -> dict[str, str]:
    return {"main.py": main} | {f"{name}.py": text.lstrip("\n") for name, text in modules.items()}
