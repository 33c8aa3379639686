"""Generated requests: what the application accepts, with values that its database knows."""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from fastapi import Body, FastAPI, File, Form, Header, Query, Request, UploadFile
from msgspec.structs import replace
from pydantic import BaseModel, EmailStr, Field

from strop.cell import Cell
from strop.measure.generate import STEPS, VARIANTS, generate
from strop.project.project import Imported
from strop.target import Login
from tests.measure.offered import TARGET, cells, databases, imported, statuses, table

SHOP = """
create table users (id integer primary key, email text);
create table orders (id integer primary key, user_id integer);
insert into users values (11, 'ann@example.com'), (12, 'bob@example.com'), (13, 'cy@example.com');
insert into orders values (101, 12), (102, 12), (103, 12), (104, 11);
"""
TABLES = (table("users", "id", "email"), table("orders", "id", "user_id", user_id="users.id"))


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Node(BaseModel):
    name: str
    child: Node | None  # needed, and may be null: an endless schema


class Tree(BaseModel):
    branches: list[Tree]


class Everything(BaseModel):
    text: Annotated[str, Field(min_length=30, max_length=40)]
    short: Annotated[str, Field(max_length=3)]
    mail: EmailStr
    when: datetime
    day: date
    key: UUID
    price: Annotated[Decimal, Field(gt=0, max_digits=6, decimal_places=2)]
    share: Annotated[float, Field(gt=0, lt=1)]
    dozen: Annotated[int, Field(multiple_of=12, ge=30)]
    below: Annotated[int, Field(lt=0)]
    half: Annotated[int, Field(ge=1)]
    colour: Colour
    kind: Literal["a"]
    tags: Annotated[list[str], Field(min_length=2, max_length=2)]
    none: Annotated[list[int], Field(max_length=0)]
    rates: dict[str, int]
    either: int | str
    perhaps: str | None
    point: tuple[int, str]
    flag: bool
    node: Node
    tree: Tree
    later: int = 3


app = FastAPI()


@app.post("/everything")
def everything(given: Everything) -> int:
    return 1


@app.post("/node")
def node(given: Node) -> int:
    return 1


@app.get("/boundaries")
def boundaries(
    share: Annotated[float, Query(gt=0, lt=1)],
    below: Annotated[int, Query(lt=1)],
    ids: Annotated[list[int], Query()],
    colour: Colour,
    colours: Annotated[list[Colour], Query()],
    shown: Annotated[int, Query(ge=40, examples=[42])],
    page: Annotated[int, Query(openapi_examples={"third": {"value": 3}})],
    limit: Annotated[int, Query(le=50)] = 10,
) -> int:
    return 1


@app.get("/headers")
def headers(x_tenant: Annotated[int, Header()]) -> int:
    return 1


@app.post("/upload")
def upload(
    file: UploadFile, more: list[UploadFile], raw: Annotated[bytes, File()], note: Annotated[str, Form()]
) -> int:
    return len(more)


@app.post("/form")
def form(
    name: Annotated[str, Form()], flag: Annotated[bool, Form()], ids: Annotated[list[int], Form()]
) -> int:
    return 1


@app.post("/text")
def text(given: Annotated[str, Body(media_type="text/plain")]) -> int:
    return 1


@app.put("/embedded/{colour}/{name:path}")
def embedded(colour: Colour, name: str, a: Annotated[int, Body(ge=5)], b: Annotated[str, Body()]) -> int:
    return 1


@app.post("/raw", openapi_extra={"requestBody": {"content": {"application/octet-stream": {}}}})
async def raw(request: Request) -> int:
    return len(await request.body())


@pytest.fixture
def made(tmp_path: Path) -> tuple[Cell, ...]:
    return cells(app, tmp_path)


def test_every_operation_gets_a_request_that_it_accepts(made: tuple[Cell, ...]) -> None:
    found = statuses(app, made)
    assert set(found) == {f"{m.upper()} {p}" for p, item in app.openapi()["paths"].items() for m in item}
    assert {route: codes for route, codes in found.items() if 200 not in codes} == {}


def test_everything_that_is_sent_is_accepted(made: tuple[Cell, ...]) -> None:
    found = statuses(app, made)
    for route in ("POST /everything", "GET /boundaries", "POST /node", "POST /upload", "POST /form"):
        assert set(found[route]) == {200}, route


def test_optional_parts_are_left_out_once_and_sent_once(made: tuple[Cell, ...]) -> None:
    bodies = [json.loads(c.request.body) for c in made if c.route == "POST /everything"]
    assert ["later" in body for body in bodies] == [True, False]
    pages = [parse_qs(urlsplit(c.request.path).query) for c in made if c.route == "GET /boundaries"]
    assert ["50"] in [page.get("limit") for page in pages]
    assert None in [page.get("limit") for page in pages]
    assert {page["page"][0] for page in pages} == {"3"}
    assert {page["shown"][0] for page in pages} == {"42"}


def test_every_value_of_a_choice_is_a_path(made: tuple[Cell, ...]) -> None:
    paths = {c.request.path for c in made if c.route.startswith("PUT ")}
    assert paths == {"/embedded/red/strop%20name", "/embedded/blue/strop%20name"}


shop = FastAPI()


@shop.get("/users/{user_id}/orders/{order_id}")
def one(user_id: int, order_id: int) -> int:
    return 1


@shop.get("/orders")
def listed(user_id: int | None = None) -> int:
    return 1


@shop.get("/users/{email}")
def by_mail(email: str) -> int:
    return 1


@shop.post("/orders")
def add(user_id: Annotated[int, Body(embed=True)]) -> int:
    return 1


def from_database(folder: Path, **more: object) -> tuple[Cell, ...]:
    target = replace(TARGET, **more)
    return generate(target, imported(shop, TABLES), databases(folder, SHOP), ())


def test_values_come_from_the_database_the_busiest_parent_first(tmp_path: Path) -> None:
    made = from_database(tmp_path)
    first = {cell.route: cell.request for cell in reversed(made)}
    assert first["GET /users/{user_id}/orders/{order_id}"].path == "/users/12/orders/101"
    assert first["GET /users/{email}"].path == "/users/ann%40example.com"
    assert json.loads(first["POST /orders"].body) == {"user_id": 12}
    paths = {cell.request.path for cell in made}
    assert {"/orders", "/orders?user_id=12"} <= paths
    assert {f"/users/{mail}%40example.com" for mail in ("ann", "bob", "cy")} <= paths
    assert {path.rpartition("/")[2] for path in paths if "/orders/" in path} == {"101", "102", "103", "104"}


def test_routes_that_must_not_be_called(tmp_path: Path) -> None:
    made = from_database(tmp_path, skip_routes=("GET /orders",))
    assert {cell.route for cell in made} == {
        "POST /orders", "GET /users/{email}", "GET /users/{user_id}/orders/{order_id}"
    }  # fmt: skip


def test_with_a_login_every_operation_is_also_called_once_without(tmp_path: Path) -> None:
    held = databases(tmp_path)
    target = replace(TARGET, headers=(("x-tenant", "1"),), login=Login("/orders", "ann", "secret"))
    made = generate(target, imported(shop), held, (("authorization", "Bearer t"),))
    for route in {cell.route for cell in made}:
        of_route = [cell for cell in made if cell.route == route]
        plain = [c for c in of_route if ("authorization", "Bearer t") not in c.request.headers]
        assert [c.identity for c in plain] == [""]
        assert len(of_route) > 1
        assert all(("x-tenant", "1") in c.request.headers for c in of_route)
    login = next(cell for cell in made if cell.route == "POST /orders")
    assert login.request.body == b"username=ann&password=secret"


def test_the_same_input_gives_the_same_cells_numbered_in_order(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    one_, two = from_database(tmp_path / "a"), from_database(tmp_path / "b")
    assert one_ == two
    assert [cell.id for cell in one_] == [f"c{n:04}" for n in range(len(one_))]
    assert [cell.ordinal for cell in one_] == [n % STEPS for n in range(len(one_))]
    assert max(sum(c.route == route for c in one_) for route in {c.route for c in one_}) <= VARIANTS


def test_mounted_applications_have_their_prefix(tmp_path: Path) -> None:
    both = Imported("a", (), mounted=(("/v2", json.dumps(shop.openapi())),))
    made = generate(TARGET, both, databases(tmp_path), ())
    assert {cell.route.split()[1].split("/")[1] for cell in made} == {"v2"}


def test_an_application_without_a_schema(tmp_path: Path) -> None:
    assert generate(TARGET, Imported("a", ()), databases(tmp_path), ()) == ()
