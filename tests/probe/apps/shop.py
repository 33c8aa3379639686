"""Orders with items in SQLite, through sessions of both kinds."""

# ruff: noqa: B008

import asyncio
import os
from collections.abc import AsyncIterator, Iterator
from typing import Any

from fastapi import APIRouter, BackgroundTasks, Body, Depends, FastAPI, HTTPException
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict
from sqlalchemy import ForeignKey, create_engine, insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    Session,
    joinedload,
    mapped_column,
    relationship,
    selectinload,
)


class Base(DeclarativeBase):
    pass


class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    items: Mapped[list["Item"]] = relationship(back_populates="order", order_by="Item.id")
    notes: Mapped[list["Note"]] = relationship()


class Item(Base):
    __tablename__ = "items"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
    order: Mapped[Order] = relationship(back_populates="items")


class Note(Base):
    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))


FILE = os.environ["SHOP_FILE"]
engine = create_engine(f"sqlite:///{FILE}")
async_engine = create_async_engine(f"sqlite+aiosqlite:///{FILE}")
Base.metadata.create_all(engine)
with Session(engine) as filling:
    filling.add_all(
        Order(id=number, items=[Item(), Item()], notes=[Note() for _ in range(3)]) for number in range(1, 6)
    )
    filling.commit()


class ItemOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int


class OrderOut(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: int
    items: list[ItemOut]


def get_session() -> Iterator[Session]:
    with Session(engine) as session:
        yield session


async def get_async_session() -> AsyncIterator[AsyncSession]:
    async with AsyncSession(async_engine) as session:
        yield session


async def get_user() -> str:
    await asyncio.sleep(0.002)
    return "ada"


def get_limit(limit: int = 3) -> int:
    return limit


class Tracing:
    """A pure ASGI middleware: its line is in the stack of all that is served, and never to blame."""

    def __init__(self, app: Any) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


router = APIRouter(prefix="/orders")


@router.get("", response_model=list[OrderOut])
def lazy(
    user: str = Depends(get_user),
    again: str = Depends(get_user),
    limit: int = Depends(get_limit),
    session: Session = Depends(get_session),
) -> Any:
    return session.scalars(select(Order).limit(limit)).all()  # mark: lazy parent


@router.get("/loop/{order_id}")
def in_loop(order_id: int, session: Session = Depends(get_session)) -> list[int]:
    found = []
    for number in range(1, 13):
        found.append(count_items(session, number))  # mark: outer
    return found


def count_items(session: Session, number: int) -> int:
    statement = select(Item).where(Item.order_id == number)
    return len(session.scalars(statement).all())  # mark: inner


@router.get("/async/all")
async def on_async_session(session: AsyncSession = Depends(get_async_session)) -> list[int]:
    orders = await session.scalars(select(Order))  # mark: async
    return [order.id for order in orders]


@router.get("/async/first")
async def first_of_many(session: AsyncSession = Depends(get_async_session)) -> int:
    rows = await session.execute(text("SELECT id FROM items ORDER BY id"))
    return int(rows.scalars().first() or 0)


@router.get("/async/slow/{number}")
async def slow(number: int, session: AsyncSession = Depends(get_async_session)) -> int:
    found = 0
    for _ in range(number):
        found += len((await session.execute(text(f"SELECT {number} FROM orders"))).all())
        await asyncio.sleep(0.003)
    return found


@router.get("/on-loop")
async def sync_session_on_loop() -> int:
    with Session(engine) as session:
        return len(session.scalars(select(Order).where(Order.id.in_([1, 2, 3]))).all())


@router.post("")
def create(numbers: list[int] = Body(), session: Session = Depends(get_session)) -> int:
    session.execute(insert(Item), [{"order_id": number} for number in numbers])
    session.commit()
    return len(numbers)


@router.get("/eager")
def eager(session: Session = Depends(get_session)) -> list[int]:
    statement = select(Order).options(selectinload(Order.items), joinedload(Order.notes))
    return [len(order.items) for order in session.scalars(statement).unique()]


@router.get("/failing")
def failing(session: Session = Depends(get_session)) -> int:
    session.execute(text("SELECT nothing FROM nowhere"))
    return 1


@router.get("/missing/{order_id}")
async def missing(order_id: int, session: Session = Depends(get_session)) -> int:
    raise HTTPException(404, "no such order")


@router.get("/background")
def with_background(tasks: BackgroundTasks) -> str:
    tasks.add_task(write_log, "thread")
    tasks.add_task(write_log_async, "loop")
    return "later"


def write_log(word: str) -> None:
    with Session(engine) as session:
        session.execute(text("SELECT 1"))  # mark: background


async def write_log_async(word: str) -> None:
    await asyncio.sleep(0.001)


@router.get("/stream")
async def stream() -> StreamingResponse:
    async def chunks() -> AsyncIterator[bytes]:
        for number in range(4):
            yield b"x" * 10
            async with AsyncSession(async_engine) as session:
                await session.execute(text("SELECT 2"))  # mark: streaming
            await asyncio.sleep(number / 1000)

    return StreamingResponse(chunks())


tenant = FastAPI()


@tenant.get("/rooms/{room}")
async def room(room: int) -> int:
    return room


app = FastAPI()
app.include_router(router, prefix="/api")
app.mount("/tenants/{tenant}", tenant)
app.add_middleware(Tracing)
