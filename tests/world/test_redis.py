"""Redis of our own: what a request does to keys is told, and taken back."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from strop.cell import RowChange
from strop.world.process import ending
from strop.world.redis_server import RedisServer
from strop.world.redis_state import RedisState


@pytest.fixture
def server(tmp_path: Path) -> Iterator[RedisServer]:
    with ending():
        yield RedisServer(tmp_path / "redis", tmp_path)


@pytest.fixture
def client(server: RedisServer) -> Iterator[Any]:
    made = server.connect()
    made.set("kept", "1")
    made.set("session", "ann", ex=300)
    made.rpush("list", "b", "a")
    made.hset("hash", mapping={"x": "1", "y": "2"})
    yield made
    made.close()


@pytest.fixture
def state(server: RedisServer, client: Any) -> Iterator[RedisState]:
    state = RedisState(server)
    state.keep()
    yield state
    state.close()


def told(table: str, kind: str, *values: tuple[str, str]) -> RowChange:
    return RowChange(f"redis:{table}", kind, values)


def test_what_a_request_does_is_told_and_taken_back(state: RedisState, client: Any) -> None:
    assert state.changes() == ()
    client.incr("kept")
    client.set("new key", "x", ex=60)
    client.delete("list")
    client.zadd("ranks", {"a": 1.5, "b": 1})
    client.execute_command("SELECT", 3)
    client.sadd("tags", "z", "y")
    client.execute_command("SELECT", 0)
    assert state.changes() == (
        told("3:tags", "added", ("type", "set"), ("value", "['y', 'z']")),
        told("kept", "added", ("type", "string"), ("value", "2")),
        told("kept", "removed", ("type", "string"), ("value", "1")),
        told("list", "removed", ("type", "list"), ("value", "['b', 'a']")),
        told("new_key", "added", ("type", "string"), ("life", "60 s"), ("value", "x")),
        told("ranks", "added", ("type", "zset"), ("value", "[\"('b', '1.0')\", \"('a', '1.5')\"]")),
    )
    state.restore()
    assert state.changes() == ()
    assert client.lrange("list", 0, -1) == [b"b", b"a"]
    assert sorted(client.keys()) == [b"hash", b"kept", b"list", b"session"]
    assert client.info("keyspace").keys() == {"db0"}


def test_a_time_to_live_is_what_was_set_and_not_what_is_left(state: RedisState, client: Any) -> None:
    time.sleep(1.1)
    client.set("other", "x")
    assert [row.table for row in state.changes()] == ["redis:other"], "a second of the session has passed"
    client.expire("session", 900)
    lives = [dict(row.values)["life"] for row in state.changes() if row.table == "redis:session"]
    assert lives == ["900 s", "300 s"]
    state.restore()
    assert 299_000 < client.pttl("session") <= 300_000


def test_the_same_content_written_otherwise_is_no_change(state: RedisState, client: Any) -> None:
    client.delete("hash")
    client.hset("hash", mapping={"y": "2", "x": "1"})
    assert state.changes() == ()


def test_nothing_listens_on_the_network_and_nothing_is_left(tmp_path: Path) -> None:
    with ending():
        server = RedisServer(tmp_path / "redis", tmp_path)
        client = server.connect()
        assert client.config_get("port") == {"port": "0"}
        number = client.info("server")["process_id"]
        client.close()
        server.close()
    assert not Path(f"/proc/{number}").exists()
