"""What `pytest --strop` says of suites: each kind of trouble, at its line, and nothing that is none."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Ran, Run

SUITE = """
from fastapi.testclient import TestClient
import pytest
from books import app

client = TestClient(app)

def test_counts():
    assert len(client.get("/authors/counts").json()) == 4

def test_questions():
    client.get("/authors/questions")

def test_lazy():
    client.get("/authors/lazy")

def test_sleepy():
    client.get("/sleepy")

def test_slow():
    client.get("/slow")

def test_one_author():
    client.get("/authors/1")
    client.get("/missing")

def test_nothing():
    pass

def test_fails():
    client.get("/plain")
    assert False
"""


@pytest.fixture(scope="module")
def ran(run: Run) -> Ran:
    ran = run({"test_books.py": SUITE}, "--strop-json=counts.json", "--junitxml=junit.xml")
    assert ran.status == 1, ran.text  # the one test that fails
    assert ran.counts["failures"] == {}
    return ran


def troubles(ran: Ran, kind: str) -> dict[str, dict[str, Any]]:
    return {each["place"]: each for each in ran.counts["troubles"] if each["kind"] == kind}


def test_a_loop_over_a_function_is_an_n_plus_one_at_its_line_and_equal_questions_are_none(ran: Ran) -> None:
    repeats = troubles(ran, "repeat")
    assert set(repeats) == {ran.line("counted"), ran.line("lazy")}  # /authors/questions asks three times, too
    counted = repeats[ran.line("counted")]
    assert counted["routes"] == ["GET /authors/counts"]
    assert counted["worst"]["times"] == 4
    assert ran.line("loop") in counted["worst"]["by"]


def test_a_lazy_load_names_its_relationship(ran: Ran) -> None:
    lazy = troubles(ran, "repeat")[ran.line("lazy")]
    assert (lazy["what"], lazy["worst"]["times"]) == ("lazy load of Author.books", 4)


def test_what_stands_in_the_loops_way_is_found_at_its_line(ran: Ran) -> None:
    (block,) = [each for each in troubles(ran, "block").values() if each["routes"] == ["GET /sleepy"]]
    assert block["place"] == ran.line("sleep")
    assert block["duration"] > 40_000
    blocking = troubles(ran, "blocking")
    assert blocking[ran.line("sleep")]["what"] == "time.sleep"
    assert blocking[ran.line("on loop")]["what"] == "SELECT authors"


def test_a_slow_query_is_found_at_its_line(ran: Ran) -> None:
    assert troubles(ran, "slow")[ran.line("slow")]["tests"] == ["test_books.py::test_slow"]


def test_tests_and_routes_have_their_counts(ran: Ran) -> None:
    tests, routes = ran.counts["tests"], ran.counts["routes"]
    assert "test_books.py::test_nothing" not in tests
    assert tests["test_books.py::test_fails"]["requests"] == 1
    assert tests["test_books.py::test_counts"]["queries"] == 5
    assert tests["test_books.py::test_one_author"]["routes"] == ["GET (no route)", "GET /authors/{author}"]
    assert routes["GET /authors/counts"]["threads_most"] >= 2  # the session, the handler
    assert any(hop.startswith("author_counts books.py:") for hop in routes["GET /authors/counts"]["hops"])
    assert routes["GET /plain"]["threads_most"] == 0


def test_the_summary_stands_below_the_results(ran: Ran) -> None:
    assert "7 tests sent 8 requests to 8 routes:" in ran.text
    assert f"4 x  SELECT books  {ran.line('counted')}" in ran.text
    assert ran.text.index("Slow queries") < ran.text.index("1 failed, 7 passed")


def test_junit_has_the_counts_as_properties(ran: Ran) -> None:
    junit = (ran.folder / "junit.xml").read_text()
    case = junit[junit.index('name="test_counts"') :].partition("</testcase>")[0]
    assert '<property name="strop_queries" value="5" />' in case
    assert '<property name="strop_repeats" value="1" />' in case


def test_workers_of_xdist_report_to_the_controller(run: Run, ran: Ran) -> None:
    spread = run({"test_books.py": SUITE}, "--strop-json=counts.json", "-n", "2")
    assert spread.text.count("tests sent") == 1
    for test, cost in ran.counts["tests"].items():
        assert spread.counts["tests"][test]["queries"] == cost["queries"], test
    assert troubles(spread, "repeat").keys() == troubles(ran, "repeat").keys()


ASYNC = """
import httpx
import pytest
import notes
{more}

@{mark}
async def test_notes():
    await notes.fill()
    transport = httpx.ASGITransport(app=notes.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        assert len((await client.get("/notes")).json()) == 5
    await notes.engine.dispose()
"""
BACKEND = """
@pytest.fixture
def anyio_backend():
    return "asyncio"
"""


@pytest.mark.parametrize("mark", ["pytest.mark.anyio", "pytest.mark.asyncio"])
def test_async_clients_and_sessions_are_counted(run: Run, mark: str) -> None:
    ini = "[pytest]\n"
    asyncio = mark.endswith("asyncio")
    if asyncio:
        pytest.importorskip("pytest_asyncio")
        ini += "asyncio_default_fixture_loop_scope = function\n"
    files = {"pytest.ini": ini, "test_notes.py": ASYNC.format(mark=mark, more=BACKEND)}
    ran = run(files, "--strop-json=counts.json", asyncio=asyncio)
    assert ran.status == 0, ran.text
    assert ran.counts["tests"]["test_notes.py::test_notes"]["queries"] == 5  # without those of `fill`
    assert troubles(ran, "repeat").keys() == {ran.line("note")}
    assert troubles(ran, "blocking") == {}


FROZEN = """
from datetime import datetime
from fastapi.testclient import TestClient
from freezegun import freeze_time
from books import app

@app.get("/now")
async def now() -> str:
    return datetime.now().isoformat()

def test_frozen():
    with freeze_time("2020-01-01"):
        client = TestClient(app)
        assert client.get("/now").json() == "2020-01-01T00:00:00"
        client.get("/authors/counts")
"""


def test_time_that_a_test_froze_stays_frozen_for_it_and_not_for_the_counts(run: Run) -> None:
    pytest.importorskip("freezegun")
    ran = run({"test_frozen.py": FROZEN}, "--strop-json=counts.json")
    assert ran.status == 0, ran.text
    counted = troubles(ran, "repeat")[ran.line("counted")]
    assert 0 < counted["duration"] < 60_000_000
    assert all(each["duration"] < 60_000_000 for each in ran.counts["troubles"])  # from clocks of one kind


SERVER = """
import threading, time, httpx, uvicorn
from books import app

def test_server():
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    httpx.get(f"http://127.0.0.1:{port}/authors/counts", timeout=60)
    httpx.get(f"http://127.0.0.1:{port}/sleepy", timeout=60)
    server.should_exit = True
    thread.join()
"""


def test_a_server_in_a_thread_is_counted(run: Run) -> None:
    """With uvloop, whose loop has no selector to tell when a step ends."""
    ran = run({"test_server.py": SERVER}, "--strop-json=counts.json", "-W", "default")
    assert ran.status == 0, ran.text
    assert ran.counts["failures"] == {}
    assert ran.counts["total"]["queries"] == 5
    assert ran.line("sleep") in troubles(ran, "block")


BEFORE = """
import time, asyncio, httpx, pytest
from books import app

@pytest.mark.anyio
async def test_own_work():
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://test") as client:
        await client.get("/plain")
        time.sleep(0.5)
        await client.get("/plain")
        time.sleep(0.5)
"""


def test_what_the_test_itself_does_on_the_loop_is_no_requests_block(run: Run) -> None:
    files = {"test_own.py": BEFORE + BACKEND}
    ran = run(files, "--strop-json=counts.json")
    assert ran.status == 0, ran.text
    assert not [each for each in ran.counts["troubles"] if each["duration"] > 450_000]


def test_a_suite_without_requests_is_told_so(run: Run) -> None:
    ran = run({"test_none.py": "def test_none():\n    pass\n"}, "--strop")
    assert ran.status == 0
    assert "no test sent a request" in ran.text
