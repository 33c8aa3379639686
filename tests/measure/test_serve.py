"""A served application that misbehaves: every request gets its outcome, and the next one finds all as it was."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from strop.cell import Cell, Request
from strop.evidence import Outcome
from strop.measure import serve as serve_module
from strop.measure.serve import DEAD, Served
from strop.problem import Problem
from strop.target import Login
from strop.world.instance import World, open_world
from tests import ledger

APP = """\
import asyncio, os, signal, sqlite3, threading, time
from contextlib import asynccontextmanager
from fastapi import FastAPI, Request

PATH = "my.db"
held = []


def connect():
    return sqlite3.connect(PATH, check_same_thread=False, timeout=0.2)


@asynccontextmanager
async def lifespan(app):
    with connect() as database:
        database.execute("create table if not exists item (id integer primary key, name text)")
        database.execute("insert into item (name) values ('start')")
    yield


app = FastAPI(lifespan=lifespan)


@app.get("/items")
def items():
    with connect() as database:
        return [name for (name,) in database.execute("select name from item order by id")]


@app.post("/items/{name}")
def add(name: str):
    with connect() as database:
        database.execute("insert into item (name) values (?)", (name,))
    return name


@app.post("/left-open/{name}")
def left_open(name: str):
    database = connect()
    database.execute("insert into item (name) values (?)", (name,))
    held.append(database)  # neither committed nor closed
    return name


@app.post("/killed/{name}")
def killed(name: str):
    add(name)
    os.kill(os.getpid(), signal.SIGKILL)


@app.get("/exits")
async def exits():
    raise SystemExit(3)


@app.get("/sleeps")
def sleeps():
    time.sleep(600)


@app.get("/waits")
async def waits():
    await asyncio.sleep(600)


@app.get("/spins")
async def spins():
    while True:
        pass


@app.get("/raises")
def raises():
    return 1 / 0


@app.get("/threads")
def threads():
    threading.Thread(target=time.sleep, args=(600,)).start()
    return 1


@app.get("/big")
def big():
    return "x" * 3_000_000


@app.post("/echo")
async def echo(request: Request):
    return len(await request.body())


@app.post("/login")
async def login(request: Request):
    return {"access_token": "t1"} if b"secret" in await request.body() else {"detail": "no"}
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    home = tmp_path_factory.mktemp("serve") / "home"
    home.mkdir()
    with sqlite3.connect(home / "my.db") as database:
        database.execute("create table item (id integer primary key, name text)")
        database.execute("insert into item (name) values ('canary')")
    database.close()
    ledger.make(home, {"main.py": APP, ".gitignore": "*.db\n"}, database=False)
    target = replace(ledger.target(home), app="main:app", tests=(), login=None)
    with open_world(target) as opened:
        yield opened
    with sqlite3.connect(home / "my.db") as database:
        assert database.execute("select name from item").fetchall() == [("canary",)]
    database.close()


@pytest.fixture(scope="module")
def haste() -> Iterator[None]:
    """A request may take two seconds; a start on a busy machine takes what it takes."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(serve_module, "REQUEST_LIMIT", 2.0)
        yield


@pytest.fixture(scope="module")
def served(world: World, haste: None) -> Iterator[Served]:
    instance = world.instance(world.folder.tree())
    with Served(instance) as running:
        yield running


def cell(method: str, path: str, body: bytes = b"") -> Cell:
    headers = (("host", "testserver"), ("content-length", str(len(body))))
    return Cell(f"{method} {path}", 1, Request(method, path, headers, body), f"{method} {path}")


def serve(served: Served, method: str, path: str, body: bytes = b"") -> Outcome:
    return served.serve(cell(method, path, body))


def names(outcome: Outcome) -> list[tuple[str, str]]:
    return [(change.kind, dict(change.values)["name"].strip("'")) for change in outcome.rows]


@pytest.fixture(autouse=True)
def as_it_was(served: Served) -> Iterator[None]:
    """After whatever a test did, the application answers from the state that was kept after its start."""
    yield
    after = serve(served, "GET", "/items")
    assert (after.answer.body, after.rows) == (b'["canary","start"]', ())


def test_rows_of_a_request_are_told_and_undone(served: Served) -> None:
    for _ in range(2):
        outcome = serve(served, "POST", "/items/new")
        assert (outcome.answer.status, outcome.answer.body) == (200, b'"new"')
        assert names(outcome) == [("added", "new")]
        assert [q.rows for q in outcome.exchange.queries] in ([], [0])


def test_a_request_that_leaves_a_transaction_open(served: Served) -> None:
    outcome = serve(served, "POST", "/left-open/mine")
    assert (outcome.answer.status, outcome.answer.body) == (200, b'"mine"')
    assert outcome.rows == ()  # it was never committed
    assert names(serve(served, "POST", "/items/next")) == [("added", "next")]


def test_a_request_that_kills_the_process_after_it_wrote(served: Served) -> None:
    outcome = serve(served, "POST", "/killed/last-words")
    assert (outcome.answer.status, outcome.answer.exception) == (0, DEAD)
    assert names(outcome) == [("added", "last-words")]


def test_a_request_that_exits_is_an_exception_like_others(served: Served) -> None:
    assert serve(served, "GET", "/exits").answer.exception in ("SystemExit", DEAD)
    assert serve(served, "GET", "/raises").answer.exception == "ZeroDivisionError"


@pytest.mark.parametrize("path", ["/waits", "/sleeps", "/spins"])
def test_a_request_that_hangs(served: Served, path: str) -> None:
    assert serve(served, "GET", path).answer.exception in ("TimeLimit", DEAD)


def test_a_thread_that_goes_on_is_no_hindrance(served: Served) -> None:
    assert serve(served, "GET", "/threads").answer.body == b"1"


def test_large_answers_and_bodies_of_any_bytes(served: Served) -> None:
    assert len(serve(served, "GET", "/big").answer.body) == 3_000_002
    body = bytes(range(256)) * 4000
    assert serve(served, "POST", "/echo", body).answer.body == str(len(body)).encode()


def test_the_same_cell_twice_is_the_same(served: Served) -> None:
    one, two = (serve(served, "POST", "/items/same") for _ in range(2))
    assert (one.answer, one.rows) == (two.answer, two.rows)


def test_what_cells_spend_and_that_they_are_not_recorded(served: Served) -> None:
    spent = served.spend([cell("GET", "/items")] * 3)
    assert 0 < spent.loop <= spent.cpu


def test_a_login(served: Served) -> None:
    assert served.log_in(Login("/login", "ann", "secret")) == (("authorization", "Bearer t1"),)
    for wrong in (Login("/login", "ann", "?"), Login("/nowhere", "a", "b"), Login("/items", "a", "b")):
        with pytest.raises(Problem) as caught:
            served.log_in(wrong)
        assert caught.value.code == "M403"


def test_statements_change_the_schema_once_it_runs(world: World) -> None:
    instance = world.instance(world.folder.tree())
    statements = ['create index "ix" on "item" ("name")', 'create index "no" on "nowhere" ("x")']
    with Served(instance, statements=statements) as running:
        assert names(serve(running, "POST", "/items/x")) == [("added", "x")]
        assert serve(running, "GET", "/items").answer.body == b'["canary","start"]'
    (path,) = instance.databases.sqlite_files()
    with sqlite3.connect(path) as database:
        assert database.execute(
            "select count(*) from sqlite_master where name in ('ix', 'no')"
        ).fetchone() == (1,)
    database.close()
    instance.close()


def test_an_application_that_dies_again_and_again_at_its_start(world: World) -> None:
    root = world.folder.tree()
    Path(root / "main.py").write_text("import os\n\nprint('no luck', flush=True)\nos._exit(9)\n")
    instance = world.instance(root)
    with pytest.raises(Problem) as caught:
        Served(instance).start()
    assert caught.value.code == "T113"
    assert "no luck" in caught.value.where
    instance.close()


def test_an_application_that_holds_a_transaction_open_from_its_start_is_left_alone(world: World) -> None:
    """It would hold it again after each new start."""
    root = world.folder.tree()
    source = (root / "main.py").read_text()
    begin = (
        "    held.append(connect())\n    held[0].execute('insert into item (name) values (1)')\n    yield\n"
    )
    (root / "main.py").write_text(
        source.replace("    yield\n", begin) + "\n\n@app.get('/pid')\ndef pid():\n    return os.getpid()\n"
    )
    instance = world.instance(root)
    with Served(instance) as running:
        pids = {serve(running, "GET", "/pid").answer.body for _ in range(3)}
    assert len(pids) == 1
    instance.close()
