from __future__ import annotations

import json
from typing import Any

import pytest

from strop.project.project import Imported
from strop.project.route import Route
from strop.project.table import Column, Engine, Relationship, Table
from tests.probe_drive.apps import SHOP
from tests.probe_drive.process import run_probe, write_files


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("shop")
    write_files(folder / "root", SHOP)
    written, _ = run_probe(folder / "root", folder, "inspect")
    found: dict[str, Any] = json.loads(written)
    assert "failed" not in found, found
    return found


def _line(file: str, text: str) -> int:
    return SHOP[file].splitlines().index(text) + 1


def _route(shop: dict[str, Any], key: str) -> dict[str, Any]:
    (found,) = (each for each in shop["routes"] if f"{each['method']} {each['path']}" == key)
    assert isinstance(found, dict)
    return found


def test_field_names_are_those_of_the_nouns(shop: dict[str, Any]) -> None:
    def fields(noun: Any) -> set[str]:
        return set(noun.__struct_fields__)

    assert set(shop) - {"refused"} <= fields(Imported)  # the source reader says more
    assert set(shop["routes"][0]) <= fields(Route)
    assert set(shop["tables"][0]) == fields(Table)
    assert set(shop["tables"][0]["columns"][0]) == fields(Column)
    assert set(shop["relationships"][0]) == fields(Relationship)
    assert set(shop["engines"][0]) <= fields(Engine)


def test_routes_come_with_their_full_paths_in_order(shop: dict[str, Any]) -> None:
    own = [
        f"{each['method']} {each['path']}"
        for each in shop["routes"]
        if each["span"] or each["kind"] == "mount"
    ]
    assert own == [
        "GET /v1/shop/orders/{order_id}", "POST /v1/shop/orders",
        "WEBSOCKET /v1/shop/orders/live", "GET /list",
        "MOUNT /inner", "GET /inner/deep/{key}",
    ]  # fmt: skip
    kinds = {each["kind"] for each in shop["routes"]}
    assert kinds == {"http", "websocket", "mount"}


def test_a_handler_is_found_behind_its_decorator(shop: dict[str, Any]) -> None:
    route = _route(shop, "GET /v1/shop/orders/{order_id}")
    line = _line("app.py", "async def read_order(")
    assert route["name"] == "app:read_order"
    assert route["span"] == {"file": "app.py", "line": line, "symbol": "read_order", "end_line": line + 4}
    assert route["is_async"] is True
    assert route["tags"] == ["orders"]


def test_models_and_answers_are_described(shop: dict[str, Any]) -> None:
    order = _route(shop, "GET /v1/shop/orders/{order_id}")
    assert order["response_model"] == "app:Out"
    assert order["response_model_params"] == '{"exclude": ["secret"], "exclude_none": true}'
    assert order["response_class"] == "starlette.responses:JSONResponse"
    made = _route(shop, "POST /v1/shop/orders")
    assert made["status"] == 201
    assert made["response_class"] == "starlette.responses:PlainTextResponse"
    assert made["is_async"] is False
    assert _route(shop, "GET /list")["response_model"] == "list[app:Out]"


def test_dependencies_come_in_the_order_of_their_calls(shop: dict[str, Any]) -> None:
    found = _route(shop, "GET /v1/shop/orders/{order_id}")["dependencies"]
    assert [(each["name"], each["depth"]) for each in found] == [
        ("app:get_settings", 1),  # of the application
        ("app:session", 2), ("app:user", 1),  # of the outer router
        ("app:Pages", 1),
        ("app:session", 1),  # again, without the cache
        ("app:Checker", 1),
        ("fastapi.security.oauth2:OAuth2PasswordBearer", 1),
    ]  # fmt: skip
    by_name = {each["name"]: each for each in found}
    traits = {
        name: (each["is_async"], each["is_generator"], each["is_class"]) for name, each in by_name.items()
    }
    assert traits == {
        "app:get_settings": (False, False, False),
        "app:session": (False, True, False),
        "app:user": (True, False, False),
        "app:Pages": (False, False, True),
        "app:Checker": (True, False, False),
        "fastapi.security.oauth2:OAuth2PasswordBearer": (True, False, False),
    }
    assert by_name["app:session"]["span"]["line"] == _line("app.py", "def session():")
    assert by_name["app:Pages"]["span"]["line"] == _line("app.py", "class Pages:")
    assert by_name["fastapi.security.oauth2:OAuth2PasswordBearer"]["span"] is None
    live = _route(shop, "WEBSOCKET /v1/shop/orders/live")
    assert [each["name"] for each in live["dependencies"]][-2:] == ["app:session", "app:user"]


def test_middleware_comes_outermost_first(shop: dict[str, Any]) -> None:
    found = [(each["name"], each["base_http"], bool(each["span"])) for each in shop["middleware"]]
    assert found == [
        ("app:Slow", True, True),
        ("starlette.middleware.gzip:GZipMiddleware", False, False),
        ("app:stamp", True, True),
    ]


def test_handlers_lifespan_title_and_versions(shop: dict[str, Any]) -> None:
    own = [each for each in shop["handlers"] if each["span"]]
    line = _line("app.py", "async def missing(request, error):")
    span = {"file": "app.py", "line": line, "symbol": "missing", "end_line": line + 1}
    assert own == [{"handles": "builtins:KeyError", "name": "app:missing", "span": span}]
    assert shop["lifespan"] == "app:lifespan"
    assert shop["title"] == "Shop"
    assert {"fastapi", "starlette", "pydantic", "sqlalchemy"} <= dict(shop["versions"]).keys()
    assert shop["thread_limit"] == 40


def test_the_schema_keeps_its_order_and_holds_the_mounted_one(shop: dict[str, Any]) -> None:
    schema = json.loads(shop["openapi"])
    assert next(iter(schema)) == "openapi"
    assert list(schema["paths"]) == ["/v1/shop/orders/{order_id}", "/v1/shop/orders", "/list"]
    assert list(schema["x-strop-mounted"]["/inner"]["paths"]) == ["/deep/{key}"]


def test_tables_have_columns_indexes_and_places(shop: dict[str, Any]) -> None:
    tables = {each["name"]: each for each in shop["tables"]}
    assert sorted(tables) == ["customers", "lines", "orders"]
    customers = tables["customers"]
    assert customers["model"] == "models:Customer"
    assert customers["span"]["line"] == _line("models.py", "class Customer(Base):")
    plain = {
        "primary": False,
        "nullable": False,
        "unique": False,
        "index": False,
        "foreign_key": "",
        "attribute": "",
    }
    assert customers["columns"] == [
        {**plain, "name": "id", "type": "INTEGER", "primary": True},
        {**plain, "name": "name", "type": "VARCHAR(50)", "unique": True, "index": True},
        {**plain, "name": "town", "type": "VARCHAR", "nullable": True, "index": True, "attribute": "city"},
    ]
    assert customers["indexes"] == [
        {"name": "", "columns": ["name"], "unique": True},
        {"name": "ix_customers_town", "columns": ["town"], "unique": False},
        {"name": "uq_place", "columns": ["town", "name"], "unique": True},
    ]
    assert tables["orders"]["columns"][1]["foreign_key"] == "customers.id"
    assert tables["orders"]["columns"][1]["index"] is False


def test_relationships_have_loading_order_and_places(shop: dict[str, Any]) -> None:
    found = {f"{each['owner']}.{each['name']}": each for each in shop["relationships"]}
    facts = {key: (each["target"], each["uselist"], each["lazy"]) for key, each in found.items()}
    assert facts == {
        "Customer.orders": ("Order", True, "select"),
        "Order.customer": ("Customer", False, "selectin"),
        "Order.lines": ("Line", True, "raise"),
        "Line.order": ("Order", False, "select"),
        "Line.owner": ("Customer", False, "joined"),
    }
    first = _line("models.py", '    orders: Mapped[list["Order"]] = relationship(')
    span = {"file": "models.py", "line": first, "symbol": "Customer", "end_line": first + 3}
    assert found["Customer.orders"]["span"] == span
    assert found["Customer.orders"]["order_by"] == "orders.id DESC"
    assert found["Customer.orders"]["module"] == "models"
    assert found["Line.order"]["span"] is None
    assert found["Line.owner"]["span"]["symbol"] == "Owned"


def test_engines_made_at_import_have_their_pool_and_no_password(shop: dict[str, Any]) -> None:
    (engine,) = shop["engines"]
    assert engine == {
        "url": "postgresql+psycopg://user:***@db.example.com/shop", "dialect": "postgresql",
        "driver": "psycopg",
        "is_async": False, "pool": "QueuePool", "pool_size": 7, "max_overflow": 3,
        "span": {"file": "app.py", "line": engine["span"]["line"], "symbol": ""},
    }  # fmt: skip
    assert abs(engine["span"]["line"] - _line("app.py", "engine = create_engine(")) <= 1
