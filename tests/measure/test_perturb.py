"""Requests beside a recorded one: what each place of a request is given, and that ids name the same request always."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi import FastAPI, Form, Header, Query
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from pydantic import BaseModel, Field

from strop.cell import Cell, Request
from strop.measure.generate import Operation, generate, operations
from strop.measure.perturb import LATER, Identity, Pool, credentials, parent_of, perturb
from strop.measure.unlike import unlike
from strop.project.table import Column, Table
from tests.measure.offered import TARGET, databases, imported, statuses, table

SHOP = """
create table orders (id integer primary key, title text);
insert into orders values (101, 'one'), (102, 'two'), (103, 'three');
create table people (id integer primary key, email text unique);
insert into people values (1, 'ann@x.y'), (2, 'bob@x.y');
"""
PEOPLE = (Column("id", "INTEGER", primary=True), Column("email", "VARCHAR", unique=True))
TABLES = (table("orders", "id", "title"), Table("people", "", None, PEOPLE))
ANN = (("authorization", "Bearer ann-token"),)
BOB = Identity("bob", (("authorization", "Bearer bob-token"),))


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


class Line(BaseModel):
    amount: Annotated[int, Field(ge=1, le=9)]


class Order(BaseModel):
    title: Annotated[str, Field(min_length=2, max_length=8)]
    paid: bool
    lines: list[Line]
    note: str | None = None


app = FastAPI()


@app.put("/orders/{order_id}")
def change(order_id: int, given: Order, x_tenant: Annotated[int, Header()]) -> int:
    return 1


@app.get("/orders")
def listed(
    limit: Annotated[int, Query(ge=1, le=50)] = 10, colour: Colour | None = None, open_only: bool = False
) -> int:
    return 1


@app.post("/form")
def form(name: Annotated[str, Form()]) -> int:
    return 1


class Offered:
    """The cells of one application, by route, and its operations."""

    def __init__(self, folder: Path) -> None:
        held = databases(folder, SHOP)
        read = imported(app, TABLES)
        self.cells = {cell.route: cell for cell in reversed(generate(TARGET, read, held, ANN))}
        self.operations = {operation.key: operation for operation in operations(read, held)}

    def beside(
        self, route: str, constants: tuple[object, ...] = (), sent: tuple[Request, ...] = ()
    ) -> dict[str, Cell]:
        """The perturbed cells of a route's first cell, by what was done."""
        cell = self.cells[route]
        made = perturb(cell, self.operations[route], Pool((BOB,), constants, {route: sent}))
        return {each.id.removeprefix(f"{cell.id}~"): each for each in made}


@pytest.fixture(scope="module")
def offered(tmp_path_factory: pytest.TempPathFactory) -> Offered:
    return Offered(tmp_path_factory.mktemp("offered"))


def test_credentials_of_nobody_of_another_and_of_long_ago(offered: Offered) -> None:
    made = offered.beside("GET /orders")
    assert credentials(made["anonymous"].request) == ()
    assert credentials(made["as.bob"].request) == BOB.headers
    assert made["as.bob"].identity == "bob"
    assert made["expired"].ordinal == LATER
    assert made["expired"].request == offered.cells["GET /orders"].request
    spoiled = [credentials(made[label].request)[0][1] for label in ("forged", "malformed")]
    assert spoiled == ["Bearer ann-tokAn", "Bearer strop"]


def test_what_is_said_otherwise_is_said_by_another_too(offered: Offered) -> None:
    made = offered.beside("GET /orders")
    both = made["as.bob.query.limit.two"]
    assert (both.request.path, both.identity) == (made["query.limit.two"].request.path, "bob")
    assert credentials(both.request) == BOB.headers
    assert list(made).index("as.bob.query.limit.two") > list(made).index("query.limit.large")


def test_a_page_of_somewhere_else_asks(offered: Offered) -> None:
    made = offered.beside("PUT /orders/{order_id}")
    assert dict(made["origin"].request.headers)["origin"] == "https://strop.example"
    before = made["preflight"].request
    assert (before.method, before.body) == ("OPTIONS", b"")
    assert dict(before.headers)["access-control-request-method"] == "PUT"
    assert not credentials(before)


def test_ids_of_nobody_of_others_and_no_ids(offered: Offered) -> None:
    made = offered.beside("PUT /orders/{order_id}")
    paths = {k: cell.request.path.rpartition("/")[2] for k, cell in made.items() if k.startswith("path.")}
    assert paths["path.order_id.missing"] == "999999937"
    assert {paths["path.order_id.other0"], paths["path.order_id.other1"]} == {"102", "103"}
    assert {"strop-x", "0", "-1"} <= set(paths.values())


def test_every_field_of_a_body(offered: Offered) -> None:
    made = offered.beside("PUT /orders/{order_id}")
    sent = json.loads(offered.cells["PUT /orders/{order_id}"].request.body)
    bodies = {k: cell.request.body for k, cell in made.items() if k.startswith("body.")}
    read = {k: json.loads(body) for k, body in bodies.items() if k not in ("body.missing", "body.malformed")}
    assert bodies["body.missing"] == b""
    for name in ("title", "paid", "lines"):
        assert name not in read[f"body.{name}.dropped"]
        assert read[f"body.{name}.null"] == {**sent, name: None}
    assert read["body.paid.flipped"]["paid"] is True
    assert read["body.title.wrong-type"]["title"] == 7
    sizes = {k: len(read[f"body.title.{k}"]["title"]) for k in ("too-short", "short", "too-full")}
    assert sizes == {"too-short": 1, "short": 2, "too-full": 9}
    assert {b["title"] for k, b in read.items() if "title.known" in k} == {"two", "three"}
    amounts = {k: read[f"body.lines.0.amount.{k}"]["lines"][0]["amount"] for k in ("below", "high", "above")}
    assert amounts == {"below": 0, "high": 9, "above": 10}
    assert len(read["body.lines.twice"]["lines"]) == 2
    assert read["body.extra"].keys() - sent.keys() == {"strop_extra"}
    lengths = [dict(cell.request.headers)["content-length"] for cell in made.values() if "~body." in cell.id]
    assert lengths == [str(len(body)) for body in bodies.values()]


def test_query_parameters_at_and_beyond_their_bounds(offered: Offered) -> None:
    made = offered.beside("GET /orders")
    queries = {k: parse_qs(urlsplit(cell.request.path).query) for k, cell in made.items()}
    limits = {q["limit"][0] for k, q in queries.items() if k.startswith("query.limit") and "limit" in q}
    assert {"0", "1", "50", "51", "-1", "2", "strop"} <= limits
    assert {q["colour"][0] for k, q in queries.items() if k.startswith("query.colour.enum")} == {
        "red",
        "blue",
    }
    assert queries["query.open_only.true"] == {"open_only": ["true"]}


def test_headers_and_forms(offered: Offered) -> None:
    made = offered.beside("PUT /orders/{order_id}")
    assert "x-tenant" not in dict(made["header.x-tenant.dropped"].request.headers)
    forms = offered.beside("POST /form")
    assert forms["form.name.empty"].request.body == b"name="
    assert forms["form.extra"].request.body.endswith(b"strop_extra=1")


def test_a_name_that_the_database_knows_becomes_the_others(offered: Offered) -> None:
    form = offered.operations["POST /form"]
    header = ("content-type", "application/x-www-form-urlencoded")
    cell = replace(
        offered.cells["POST /form"], request=Request("POST", "/form", (header,), b"name=ann%40x.y")
    )
    made = {each.id.partition("~")[2]: each.request.body for each in perturb(cell, form, Pool())}
    assert made["form.name.known0"] == b"name=bob%40x.y"


def test_constants_of_the_change_are_met_and_missed_by_one(offered: Offered) -> None:
    made = offered.beside("PUT /orders/{order_id}", constants=(7, "gold"))
    amounts = {json.loads(c.request.body)["lines"][0]["amount"] for k, c in made.items() if ".amount.at" in k
               or ".amount.before" in k or ".amount.after" in k}  # fmt: skip
    assert amounts == {6, 7, 8}
    assert json.loads(made["body.title.constant0"].request.body)["title"] == "gold"


def test_a_body_as_the_rows_of_the_database_have_it(offered: Offered) -> None:
    made = offered.beside("PUT /orders/{order_id}")
    titles = [json.loads(c.request.body)["title"] for k, c in made.items() if k.startswith("body.row")]
    assert titles[0] == "one"  # of the order that the path names: a change that changes nothing
    assert len(titles) == 1  # of other orders the title alone would come, and that is sent anyway
    lines = [c for k, c in made.items() if k.startswith("body.lines.0.row")]
    assert not lines  # no table has such columns


def test_what_tests_sent_goes_to_the_recorded_path_with_its_credentials(offered: Offered) -> None:
    headers = (("host", "tests"), ("authorization", "Bearer theirs"), ("content-type", "application/json"))
    sent = Request("PUT", "/orders/9?dry=1", headers, b'{"title":"theirs"}')
    made = offered.beside("PUT /orders/{order_id}", sent=(sent,))["sent0"].request
    own = offered.cells["PUT /orders/{order_id}"].request
    assert made.path == f"{own.path}?dry=1"
    assert credentials(made) == ANN
    assert (dict(made.headers)["host"], made.body) == ("testserver", sent.body)


def test_ids_are_stable_and_no_request_is_made_twice(offered: Offered) -> None:
    for route, cell in offered.cells.items():
        made, again = (list(offered.beside(route).values()) for _ in range(2))
        assert made == again
        keys = [(each.request, each.ordinal) for each in made]
        assert len({*keys, (cell.request, cell.ordinal)}) == len(keys) + 1
        assert len({each.id for each in made}) == len(made)
        assert {parent_of(each.id) for each in made} == {cell.id}


def test_the_application_can_be_sent_all_of_it(offered: Offered) -> None:
    cells = [cell for route in offered.cells for cell in offered.beside(route).values()]
    sendable = [cell for cell in cells if all(ord(sign) < 128 for sign in cell.request.path)]
    assert sendable == cells
    found = statuses(app, cells)
    assert {422, 200} <= set(found["PUT /orders/{order_id}"])


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
PLAIN = Operation("post", "/form", {}, next(operations(imported(app), databases(Path("/nowhere")))).values)


@settings(deadline=None, max_examples=150)
@given(
    body=st.binary(max_size=20) | JSON.map(lambda value: json.dumps(value).encode()),
    query=st.text(max_size=10),
    kind=st.sampled_from(["application/json", "application/x-www-form-urlencoded", "text/plain", ""]),
)
def test_whatever_was_recorded_can_be_perturbed(body: bytes, query: str, kind: str) -> None:
    request = Request("POST", f"/form?{query}", (*ANN, ("content-type", kind)), body)
    cell = Cell("h0001", 1, request, "", "har")
    for operation in (PLAIN, next(iter(operations(imported(app), PLAIN.values.databases)))):
        made = list(perturb(cell, operation, Pool((BOB,), (3, "x"))))
        assert len({each.id for each in made}) == len(made)
        assert all((each.request, each.ordinal) != (request, 1) for each in made)


@settings(deadline=None, max_examples=100)
@given(value=JSON, constants=st.lists(st.integers() | st.floats() | st.text(max_size=3), max_size=4),
       low=st.none() | st.integers(-5, 5), high=st.none() | st.integers(-5, 5), kind=st.sampled_from(
           ["integer", "number", "string", "array", "object", "boolean", "nonsense", None]))  # fmt: skip
def test_values_have_labels_of_their_own(
    value: object, constants: list[object], low: int | None, high: int | None, kind: str | None
) -> None:
    schema = {k: v for k, v in {"type": kind, "minimum": low, "maximum": high}.items() if v is not None}
    labels = [label for label, _ in unlike(schema, value, ("a", "1"), constants)]
    assert len(set(labels)) == len(labels)


def test_a_pattern_is_met_by_a_code_that_nobody_has() -> None:
    schema = {"type": "string", "pattern": "^[A-Z]{3}$"}
    assert [v for label, v in unlike(schema, "EUR") if label.startswith("fitting")] == ["XXX", "QQQ"]
    assert not [
        label for label, _ in unlike({"type": "string", "pattern": "(?<x"}, "a") if "fitting" in label
    ]
