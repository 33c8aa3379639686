"""Handlers that block, call out, build things and hop to threads."""

import asyncio
import hashlib
import logging
import time
from pathlib import Path

import httpx
from fastapi import FastAPI
from pydantic_settings import BaseSettings
from sqlalchemy import create_engine, text
from sqlalchemy.pool import StaticPool

engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
app = FastAPI()


class Settings(BaseSettings):
    name: str = "shop"


def digest(rounds: int) -> str:
    return hashlib.pbkdf2_hmac("sha256", b"word", b"salt", rounds).hex()  # mark: hash


@app.get("/hash/{rounds}")
async def hash_on_loop(rounds: int) -> str:
    return digest(rounds)


@app.get("/spin/{ms}")
async def spin(ms: int) -> str:
    await asyncio.sleep(0)
    end = time.thread_time() + ms / 1000  # of processor: the machine may be busy
    while time.thread_time() < end:
        pass  # mark: spin
    return "dizzy"


@app.get("/idle/{ms}")
async def idle(ms: int) -> str:
    await asyncio.sleep(ms / 1000)
    return "rested"


@app.get("/thread/{rounds}")
def hash_in_thread(rounds: int) -> str:
    Path(__file__).read_bytes()
    return digest(rounds)


@app.get("/read")
async def read() -> int:
    total = 0
    for _ in range(3):
        total += len(Path(__file__).read_bytes())  # mark: read
    time.sleep(0.001)  # mark: sleep
    logging.getLogger("shop").debug("read %d", total)
    return total


@app.get("/hops")
async def hops() -> int:
    first = await asyncio.to_thread(sum, [1, 2])
    second = await asyncio.get_running_loop().run_in_executor(None, query)
    return first + second


def query() -> int:
    with engine.connect() as connection:
        return int(connection.execute(text("SELECT 3")).scalar_one())  # mark: executor


@app.get("/out")
async def call_out() -> int:
    transport = httpx.MockTransport(lambda request: httpx.Response(204))
    with engine.connect() as connection:
        connection.execute(text("SELECT 4"))
        async with httpx.AsyncClient(transport=transport) as client:  # mark: client
            answer = await client.get("http://ada:secret@stock.test/items?key=1")  # mark: out
    return answer.status_code


@app.get("/built")
def build() -> str:
    create_engine("sqlite://")  # mark: engine
    return Settings().name  # mark: settings


@app.get("/lines/{number}")
async def lines(number: int) -> str:  # mark: signature
    word = "few"
    if number > 1:
        word = "many"  # mark: branch
    return describe(
        word,  # mark: argument
    )


def describe(word: str) -> str:
    return f"{word} things"  # mark: called


@app.get("/broken")
async def broken() -> str:
    raise RuntimeError("broken")
