"""Phases, threads, routes and the boundary."""

from itertools import pairwise
from pathlib import Path

import pytest

from tests.probe.record import place, record, where


def test_phases_follow_each_other(tmp_path: Path) -> None:
    exchange = record("shop", "/api/orders", "/api/orders", folder=tmp_path).one
    phases = exchange["phases"]
    assert [(phase["kind"], phase["name"].partition(":")[2], phase["thread"]) for phase in phases] == [
        ("dependency", "get_user", False),
        ("dependency", "get_limit", True),
        ("dependency", "get_session", True),
        ("handler", "lazy", True),
        ("serialize", "serialize_response", True),
    ]
    assert phases[0]["name"] == "shop:get_user"
    assert 2000 <= phases[0]["duration"] < 50_000
    for before, after in pairwise(phases):
        assert before["start"] + before["duration"] <= after["start"] + 2
    for phase in phases:
        assert phase["wait"] <= phase["duration"]
        assert phase["wait"] > 0 or not phase["thread"] or phase["kind"] == "serialize"


def test_hops_to_threads_are_counted(tmp_path: Path) -> None:
    exchange = record("shop", "/api/orders", folder=tmp_path).one
    # get_limit, get_session enters, the handler, validation of the response, get_session exits
    assert exchange["threads"] == 5


def test_queries_in_an_executor_belong_to_the_request() -> None:
    exchange = record("calls", "/hops").one
    assert exchange["threads"] == 2
    (query,) = exchange["queries"]
    assert where(query["span"]) == place("calls", "executor")
    assert not query["on_loop"]


def test_background_tasks_are_phases_after_the_answer(tmp_path: Path) -> None:
    exchange = record("shop", "/api/orders/background", folder=tmp_path).one
    phases = [
        (phase["name"], phase["thread"]) for phase in exchange["phases"] if phase["kind"] == "background"
    ]
    assert phases == [("shop:write_log", True), ("shop:write_log_async", False)]
    (query,) = exchange["queries"]
    assert where(query["span"]) == place("shop", "background")
    assert query["start"] >= exchange["duration"]


def test_a_stream_is_recorded_to_its_last_byte(tmp_path: Path) -> None:
    said = record("shop", "/api/orders/stream", folder=tmp_path)
    exchange = said.one
    assert said.answers[0]["text"] == "x" * 40
    assert exchange["response_bytes"] == 40
    assert len(exchange["queries"]) == 4
    assert {where(query["span"]) for query in exchange["queries"]} == {place("shop", "streaming")}
    assert exchange["first_byte"] < exchange["duration"]


@pytest.mark.parametrize(
    ("path", "route", "status"),
    [
        ("/api/orders/loop/3?x=1", "GET /api/orders/loop/{order_id}", 200),
        ("/tenants/7/rooms/3", "GET /tenants/{tenant}/rooms/{room}", 200),
        ("/api/orders/missing/3", "GET /api/orders/missing/{order_id}", 404),
        ("/nowhere", "", 404),
        ("/openapi.json", "GET /openapi.json", 200),
    ],
)
def test_routes_are_full_templates(path: str, route: str, status: int, tmp_path: Path) -> None:
    exchange = record("shop", path, folder=tmp_path).one
    assert (exchange["route"], exchange["status"], exchange["path"]) == (route, status, path)


def test_an_exception_of_the_handler_passes_unchanged() -> None:
    said = record("calls", "/broken", "/idle/1")
    assert said.answers[0]["escaped"] == "RuntimeError"
    assert said.exchanges[0]["status"] == 500
    assert said.exchanges[0]["phases"][0]["kind"] == "handler"
    assert said.one["status"] == 200


def test_exchanges_have_the_fields_of_the_evidence() -> None:
    evidence = pytest.importorskip("strop.evidence")
    exchange = record("calls", "/idle/1").one
    assert set(exchange) == set(evidence.Exchange.__struct_fields__)
