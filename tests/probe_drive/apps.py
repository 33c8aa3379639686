"""Small applications that the tests write into folders of their own."""

from __future__ import annotations

WORLD = {
    "app.py": """
import asyncio, datetime, os, random, secrets, socket, sqlite3, threading, time, uuid
from contextlib import asynccontextmanager
from fastapi import BackgroundTasks, FastAPI, Request
from fastapi.responses import FileResponse, StreamingResponse
from sqlalchemy import create_engine, func, text
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

class Base(DeclarativeBase):
    pass

class Note(Base):
    __tablename__ = "notes"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime.datetime] = mapped_column(server_default=func.now())

engine = create_engine("sqlite:///data.db")
events = []

@asynccontextmanager
async def lifespan(app):
    Base.metadata.create_all(engine)
    yield {"from": "lifespan"}
    print("shut down")

app = FastAPI(lifespan=lifespan)

@app.get("/world")
def world():
    with Session(engine) as session:
        note = Note()
        session.add(note)
        session.commit()
        row = session.execute(text("SELECT datetime('now'), random()")).one()
        return {
            "now": datetime.datetime.now(), "time": time.time(), "uuid": uuid.uuid4(),
            "random": random.random(), "secret": secrets.token_hex(8), "at": note.at, "sql": list(row),
            "set": list({"a", "b", "c", "d"}),
        }

@app.api_route("/echo/{name}", methods=["GET", "POST", "HEAD"])
async def echo(name: str, request: Request):
    return {"name": name, "path": request.url.path, "raw": request.scope["raw_path"].decode(),
        "query": request.url.query,
        "headers": [[k.decode(), v.decode()] for k, v in request.headers.raw],
        "body": (await request.body()).decode(), "state": request.state._state,
        "client": list(request.client)}

@app.get("/boom")
def boom():
    raise LookupError("lost")

@app.get("/exit")
async def leave():
    raise SystemExit(3)

@app.get("/slow")
async def slow():
    await asyncio.sleep(60)

@app.get("/blocked")
async def blocked():
    time.sleep(60)

@app.get("/background")
async def background(tasks: BackgroundTasks):
    async def later():
        await asyncio.sleep(0.01)
        events.append("task")
    events.clear()
    tasks.add_task(events.append, "background")
    asyncio.create_task(later())
    return events

@app.get("/events")
def seen():
    return events

@app.get("/stream")
def stream():
    return StreamingResponse((part for part in (b"a", b"b")), headers={"x-One": "1", "X-two": "2"})

@app.get("/network")
def network():
    try:
        socket.create_connection(("example.com", 80))
    except ConnectionRefusedError as error:
        return str(error)

@app.get("/file")
def file():
    with open("made.txt", "w") as stream:
        stream.write("x")
    return FileResponse("made.txt")
"""
}

SUITE = {
    **WORLD,
    "conftest.py": """
import os
os.environ["FROM_CONFTEST"] = "1"
import app
""",
    "test_app.py": """
import random
import threading
import time
import httpx
import pytest
from fastapi.testclient import TestClient
from app import app

drawn = {}

def test_world():
    drawn["first"] = random.random()
    with TestClient(app) as client:
        first = client.get("/world").json()
        drawn["second"] = random.random()
        second = client.get("/world").json()
    assert first["now"] < second["now"]
    assert first["uuid"] != second["uuid"]

def test_own_chance_goes_on_as_if_no_request_had_happened():
    state = random.getstate()
    straight = [random.random(), random.random()]
    random.setstate(state)
    mixed = [random.random()]
    TestClient(app).get("/events")
    mixed.append(random.random())
    assert mixed == straight

def test_time_goes_on_in_the_tests_own_code():
    before = time.time()
    assert time.time() > before

def test_boom():
    with pytest.raises(LookupError):
        TestClient(app).get("/boom")

def test_body_that_nobody_reads():
    assert TestClient(app).post("/events", content=b"unread").status_code == 405

def test_asgi_transport():
    async def send():
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
            return (await client.post("/echo/a%20b?q=1", content=b"read")).json()
    import asyncio
    assert asyncio.run(send())["body"] == "read"

@pytest.mark.skip
def test_skipped():
    pass

def test_fails():
    assert drawn == {}
""",
}

SHOP = {
    "models.py": """
from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, backref, declared_attr, mapped_column, relationship

class Base(DeclarativeBase):
    pass

class Owned:
    owner_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))

    @declared_attr
    def owner(cls) -> Mapped["Customer"]:
        return relationship("Customer", lazy="joined")

class Customer(Base):
    __tablename__ = "customers"
    __table_args__ = (UniqueConstraint("town", "name", name="uq_place"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(50), unique=True)
    city: Mapped[str | None] = mapped_column("town", index=True)
    orders: Mapped[list["Order"]] = relationship(
        back_populates="customer",
        order_by="Order.id.desc()",
    )

class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(primary_key=True)
    customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
    customer: Mapped[Customer] = relationship(back_populates="orders", lazy="selectin")
    lines: Mapped[list["Line"]] = relationship(backref="order", lazy="raise")

class Line(Owned, Base):
    __tablename__ = "lines"
    id: Mapped[int] = mapped_column(primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id"))
""",
    "app.py": """
from contextlib import asynccontextmanager
from functools import partial, wraps
from typing import Annotated
from fastapi import APIRouter, Depends, FastAPI, Security, WebSocket
from fastapi.responses import PlainTextResponse
from fastapi.security import OAuth2PasswordBearer
from pydantic import BaseModel
from sqlalchemy import create_engine
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.gzip import GZipMiddleware
import models

engine = create_engine(
    "postgresql+psycopg://user:hidden@db.example.com/shop", pool_size=7, max_overflow=3
)

@asynccontextmanager
async def lifespan(app):
    yield

def logged(function):
    @wraps(function)
    async def wrapper(*args, **kwargs):
        return await function(*args, **kwargs)
    return wrapper

class Out(BaseModel):
    id: int
    secret: str | None = None

class Pages:
    def __init__(self, page: int = 1):
        self.page = page

class Checker:
    async def __call__(self):
        return True

def session():
    yield 1

def get_settings():
    return {}

async def user(session=Depends(session), settings=Depends(get_settings)):
    return session

token = OAuth2PasswordBearer(tokenUrl="login")
app = FastAPI(title="Shop", lifespan=lifespan, dependencies=[Depends(get_settings)])
router = APIRouter(prefix="/orders", tags=["orders"])

@router.get(
    "/{order_id}", response_model=Out, response_model_exclude={"secret"}, response_model_exclude_none=True
)
@logged
async def read_order(
    order_id: int, user=Depends(user), session=Depends(session), pages: Pages = Depends(),
    again=Depends(session, use_cache=False), checked=Depends(Checker()), token: str = Depends(token),
):
    return {}

@router.post("", status_code=201, response_class=PlainTextResponse)
def create_order() -> str:
    return "made"

@router.websocket("/live")
async def live(socket: WebSocket, user=Depends(user)):
    pass

outer = APIRouter(prefix="/v1")
outer.include_router(router, prefix="/shop", dependencies=[Depends(user)])
app.include_router(outer)

@app.get("/list", response_model=list[Out])
def read_list():
    return []

inner = FastAPI(title="Inner")

@inner.get("/deep/{key}")
def deep(key: str):
    return key

@inner.exception_handler(KeyError)
async def missing(request, error):
    return PlainTextResponse("missing", 404)

app.mount("/inner", inner)

class Slow(BaseHTTPMiddleware):
    pass

@app.middleware("http")
async def stamp(request, call_next):
    return await call_next(request)

app.add_middleware(GZipMiddleware)
app.add_middleware(Slow)
""",
}
