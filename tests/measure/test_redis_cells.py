"""An application that uses Redis gets strop's own: what it writes belongs to the cell, and the user's server sees nothing."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from strop.cell import Cell, Request, RowChange
from strop.evidence import Outcome
from strop.measure.serve import Served
from strop.problem import Problem
from strop.world import databases
from strop.world.instance import Conditions, open_world
from tests import ledger

REDIS = """

import redis
import redis.asyncio

later = redis.asyncio.from_url("rediss://ann:secret@cache.example:6379/1")
now = redis.Redis(host="127.0.0.1", port=PORT, password="secret")


@app.post("/visits")
async def visit() -> int:
    return await later.incr("visits")


@app.post("/sessions")
def begin() -> list[str]:
    with now.pipeline() as pipe:
        pipe.set("session", "ann", ex=1800)
        pipe.lpush("log", "one", "two")
        pipe.execute()
    return [each.decode() for each in now.lrange("log", 0, -1)]
"""


@pytest.fixture
def users_own() -> Iterator[socket.socket]:
    """What listens where the application looks for its Redis; nobody may come."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0)
        yield listening


@pytest.fixture
def served(tmp_path: Path, users_own: socket.socket) -> Iterator[Served]:
    text = ledger.MAIN + REDIS.replace("PORT", str(users_own.getsockname()[1]))
    home = ledger.make(tmp_path / "home", {**ledger.FILES, "app/main.py": text})
    with open_world(ledger.target(home)) as world:
        served = Served(world.instance(world.folder.tree()), Conditions())
        served.start()
        yield served


def post(served: Served, path: str) -> Outcome:
    return served.serve(Cell("c1", 1, Request("POST", path, (("host", "testserver"),))))


def test_keys_belong_to_the_cell_and_are_put_back(served: Served, users_own: socket.socket) -> None:
    for _ in range(2):
        outcome = post(served, "/visits")
        assert json.loads(outcome.answer.body) == 1
        told = (("type", "string"), ("value", "1"))
        assert outcome.rows == (RowChange("redis:1:visits", "added", told),)
        outcome = post(served, "/sessions")
        assert json.loads(outcome.answer.body) == ["two", "one"]
        assert [row.table for row in outcome.rows] == ["redis:log", "redis:session"]
        assert dict(outcome.rows[1].values)["life"] == "1800 s"
    with pytest.raises(BlockingIOError):
        users_own.accept()


def test_without_a_server_the_connection_is_refused_and_told(
    served: Served, users_own: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: object) -> object:
        raise Problem("W320", "strop has no server of its own")

    monkeypatch.setattr(databases, "RedisServer", missing)
    outcome = post(served, "/sessions")
    assert outcome.answer.exception == "redis.exceptions.ConnectionError"
    port = users_own.getsockname()[1]
    assert [(call.name, call.answered) for call in outcome.calls] == [
        (f"connection to redis 127.0.0.1:{port}", False)
    ]
    assert not served.instance.databases.refusals, "an application may do without its cache"
    with pytest.raises(BlockingIOError):
        users_own.accept()
