"""Statements, their lines, rows, repetitions and relationships."""

from pathlib import Path

from tests.probe.record import place, record, request, where


def test_lazy_loads_of_a_response_model_name_the_relationship(tmp_path: Path) -> None:
    exchange = record("shop", "/api/orders", folder=tmp_path).one
    parent, *children = exchange["queries"]
    assert where(parent["span"]) == place("shop", "lazy parent")
    assert parent["span"]["symbol"] == "lazy"
    assert parent["rows"] == 3
    assert parent["relationship"] == ""
    assert [(child["relationship"], child["rows"], child["span"]) for child in children] == [
        ("Order.items", 2, None)
    ] * 3
    assert len({child["statement"] for child in children}) == 1
    assert not any(query["on_loop"] for query in exchange["queries"])


def test_a_query_in_a_loop_has_its_line_and_stacks_of_some_repetitions(tmp_path: Path) -> None:
    exchange = record("shop", "/api/orders/loop/7", "/api/orders/loop/7", folder=tmp_path).one
    queries = exchange["queries"]
    assert len(queries) == 12
    assert {where(query["span"]) for query in queries} == {place("shop", "inner")}
    assert [query["rows"] for query in queries] == [2] * 5 + [0] * 7
    sampled = {number: query["stack"] for number, query in enumerate(queries, 1) if query["stack"]}
    assert set(sampled) == {1, 2, 10}
    assert [where(span) for span in sampled[10]] == [place("shop", "inner"), place("shop", "outer")]


def test_parameters_are_sampled_once_a_process(tmp_path: Path) -> None:
    said = record("shop", "/api/orders/loop/1", "/api/orders/loop/1", folder=tmp_path)
    samples = [query["parameters"] for exchange in said.exchanges for query in exchange["queries"]]
    assert samples[0] == ["1"]
    assert not any(samples[1:])


def test_async_queries_are_found_through_the_greenlet(tmp_path: Path) -> None:
    exchange = record("shop", "/api/orders/async/all", "/api/orders/async/all", folder=tmp_path).one
    (query,) = exchange["queries"]
    assert where(query["span"]) == place("shop", "async")
    assert query["span"]["symbol"] == "on_async_session"
    assert (query["rows"], query["on_loop"]) == (5, False)


def test_an_async_driver_fetches_rows_that_are_not_used(tmp_path: Path) -> None:
    said = record("shop", "/api/orders/async/first", folder=tmp_path)
    assert said.answers[0]["text"] == "1"
    assert [query["rows"] for query in said.one["queries"]] == [10]


def test_a_sync_session_in_an_async_handler_is_on_the_loop(tmp_path: Path) -> None:
    (query,) = record("shop", "/api/orders/on-loop", folder=tmp_path).one["queries"]
    assert query["on_loop"]
    assert query["rows"] == 3
    assert "POSTCOMPILE" in query["statement"]  # the IN list is not expanded


def test_executemany_commits_and_sizes(tmp_path: Path) -> None:
    said = record("shop", [request("/api/orders", "POST", body="[1, 2, 3]")], folder=tmp_path)
    exchange = said.one
    (query,) = exchange["queries"]
    assert query["many"] == 3
    assert query["statement"].startswith("INSERT INTO items")
    assert (exchange["commits"], exchange["request_bytes"], exchange["response_bytes"]) == (1, 9, 1)


def test_a_failing_statement_is_recorded_and_its_error_unchanged(tmp_path: Path) -> None:
    said = record("shop", "/api/orders/failing", folder=tmp_path)
    assert said.answers[0]["escaped"] == "OperationalError"
    assert said.one["status"] == 500
    assert [query["statement"] for query in said.one["queries"]] == ["SELECT nothing FROM nowhere"]


def test_concurrent_requests_are_kept_apart(tmp_path: Path) -> None:
    batch = [request(f"/api/orders/async/slow/{number}", cell=str(number)) for number in (2, 5, 9)]
    said = record("shop", "/api/orders/async/all", batch, folder=tmp_path)
    assert said.failures == {}
    assert [answer["text"] for answer in said.answers[1:]] == ["10", "25", "45"]
    for exchange in said.exchanges[1:]:
        number = int(exchange["cell"])
        statements = [query["statement"] for query in exchange["queries"]]
        assert statements == [f"SELECT {number} FROM orders"] * number


def test_eager_relationships_tell_which_were_read(tmp_path: Path) -> None:
    said = record("shop", "/api/orders/eager", "/api/orders/eager", "/api/orders", folder=tmp_path)
    for exchange in said.exchanges[:2]:
        assert exchange["loaded"] == ["Order.items", "Order.notes"]
        assert exchange["used"] == ["Order.items"]
    assert (said.one["loaded"], said.one["used"]) == ([], [])


def test_a_pooled_connection_is_held_for_the_request(tmp_path: Path) -> None:
    first, second = record("shop", *["/api/orders/loop/1"] * 2, folder=tmp_path).exchanges
    assert len(first["pool"]) == len(second["pool"]) == 1
    assert not second["pool"][0]["connected"]
    assert 0 < second["pool"][0]["wait"] < second["duration"]
    assert 0 < second["pool"][0]["hold"] < second["duration"]
