"""A recording of another day: sessions that ended, ids that are taken, things that were deleted in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from strop.cell import Answer, Cell, Request
from strop.measure.handing import link
from strop.measure.observe import Observation, Workload, observe
from strop.measure.routing import Routing
from strop.project.route import Route
from strop.record import Recorder
from strop.world.instance import open_world
from tests import ledger
from tests.record.client import Client

APP = """\
import secrets, sqlite3
from fastapi import Cookie, Depends, FastAPI, HTTPException, Response
from typing import Annotated

app = FastAPI()


def rows(statement, *values):
    with sqlite3.connect("my.db") as database:
        cursor = database.execute(statement, values)
        return cursor.fetchall() or [(cursor.lastrowid,)]


def user(session: Annotated[str, Cookie()] = ""):
    if rows("select count(*) from session where id = ?", session) != [(1,)]:
        raise HTTPException(401)
    return session


@app.post("/login")
def login(response: Response):
    session = secrets.token_hex(8)
    rows("insert into session values (?)", session)
    response.set_cookie("session", session)


@app.post("/logout")
def logout(session: Annotated[str, Depends(user)]):
    rows("delete from session where id = ?", session)


@app.get("/items/{item_id}")
def item(item_id: int, session: Annotated[str, Depends(user)]):
    found = rows("select name from item where id = ? and name != ''", item_id)
    if isinstance(found[0][0], int):
        raise HTTPException(404)
    return {"name": found[0][0]}


@app.post("/items", status_code=201)
def make(name: str, session: Annotated[str, Depends(user)]):
    return {"id": rows("insert into item (name) values (?)", name)[0][0], "page": 2}


@app.put("/items/{item_id}")
def rename(item_id: int, name: str, session: Annotated[str, Depends(user)]):
    rows("update item set name = ? where id = ?", name, item_id)


@app.delete("/items/{item_id}")
def remove(item_id: int, session: Annotated[str, Depends(user)]):
    rows("delete from item where id = ?", item_id)


@app.get("/news")
def news(page: int = 1):
    return page
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observation]:
    """Somebody clicks through his application; two days later its database holds more, and his session is gone."""
    home = ledger.make(
        tmp_path_factory.mktemp("replay") / "home", {"main.py": APP, ".gitignore": "*.db\n"}, database=False
    )
    path = home.parent / "clicks.har"
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(home)
        with sqlite3.connect("my.db") as database:
            database.execute("create table item (id integer primary key autoincrement, name text)")
            database.execute("create table session (id text)")
        names: dict[str, object] = {}
        exec(compile(APP, "main.py", "exec"), names)
        _click(Client(Recorder(names["app"], path)))
        with sqlite3.connect("my.db") as database:
            database.execute("delete from session")
            database.execute("insert into item (name) values ('another')")
        database.close()
    target = replace(ledger.target(home), app="main:app", tests=(), login=None)
    with open_world(target) as world:
        yield observe(world, Workload(suite=False, har=path))


def _click(client: Client) -> None:
    client.post("/login")
    made = client.post("/items?name=bread").json()["id"]
    client.get(f"/items/{made}")
    client.send("PUT", f"/items/{made}?name=cake")
    client.get(f"/items/{made}")
    client.get("/news?page=2")
    client.send("DELETE", f"/items/{made}")
    client.get(f"/items/{made}")
    client.post("/logout")
    client.get(f"/items/{made}")


def test_every_request_is_answered_as_on_that_day(seen: Observation) -> None:
    statuses = [seen.one[cell.id].answer.status for cell in seen.cells]
    assert statuses == [200, 201, 200, 200, 200, 200, 200, 404, 200, 401]
    assert not [note for note in seen.notes if "recorded requests" in note]


def test_what_was_made_has_the_id_of_today_and_what_was_done_with_it_meanwhile(seen: Observation) -> None:
    cells = {cell.id: cell for cell in seen.cells}
    assert cells["h0004"].request.path == "/items/3"  # 1 was made that day, 2 since
    assert [step.id for step in cells["h0004"].lead] == ["h0000", "h0001", "h0003"]
    assert seen.one["h0002"].answer.body == b'{"name":"bread"}'
    assert seen.one["h0004"].answer.body == b'{"name":"cake"}'


def test_a_request_that_needs_nobody_is_sent_alone(seen: Observation) -> None:
    news = next(cell for cell in seen.cells if cell.route == "GET /news")
    assert (news.lead, news.request.path) == ((), "/news?page=2")


def test_the_second_time_is_as_the_first(seen: Observation) -> None:
    assert {key: o.answer for key, o in seen.one.items()} == {key: o.answer for key, o in seen.two.items()}
    assert {key: o.rows for key, o in seen.one.items()} == {key: o.rows for key, o in seen.two.items()}


ROUTES = Routing(
    Route(method, path, "", None, False)
    for method, path in (
        ("POST", "/users"), ("POST", "/items"), ("GET", "/items"), ("GET", "/items/{item_id}"), ("GET", "/{page}")
    )
)  # fmt: skip


def linked(*exchanges: tuple[str, str, bytes]) -> list[list[tuple[int, str]]]:
    cells = [Cell(str(n), n, Request(method, path)) for n, (method, path, _) in enumerate(exchanges)]
    answers = [Answer(200, (), body) for _, _, body in exchanges]
    return [[(one.given.request, one.text) for one in links] for links in link(cells, answers, ROUTES)]


def test_of_equal_small_numbers_the_one_of_the_same_collection_is_meant() -> None:
    made = ("POST", "/users", b'{"id": 1}'), ("POST", "/items", b'{"id": 1}')
    assert linked(*made, ("GET", "/items/1", b""))[-1] == [(1, "1")]


def test_a_number_that_the_client_knew_before_or_that_is_no_id_was_not_given() -> None:
    assert (
        linked(("GET", "/items/5", b""), ("POST", "/items", b'{"id": 5}'), ("GET", "/items/5", b""))[-1] == []
    )
    assert linked(("POST", "/items", b'{"quantity": 5}'), ("GET", "/items/5", b""))[-1] == []


def test_a_word_of_an_answer_is_no_token() -> None:
    body = b'{"status": "published", "token": "abcdef"}'
    assert linked(("POST", "/items", body), ("GET", "/items?status=published", b""))[-1] == []
    assert linked(("POST", "/items", body), ("GET", "/items?token=abcdef", b""))[-1] == [(0, "abcdef")]
