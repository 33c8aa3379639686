"""Access logs of several servers: every request is read, whatever stands around it, and nothing else is."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strop.cell import Answer, Cell, Request
from strop.evidence import Exchange, Outcome
from strop.measure.access_log import Mix, count_routes, mix_notes, parse_line, read_access_log
from strop.measure.aggregate import cost_routes
from strop.problem import Problem
from strop.project.project import Imported
from strop.project.route import Route
from strop.proof.cost import weights_of
from strop.proof.mix import mix_gains

FORMATS: dict[str, Callable[[str, str], str]] = {
    "common": lambda m, p: f'10.0.0.1 - ann [10/Oct/2025:13:55:36 -0700] "{m} {p} HTTP/1.0" 200 2326',
    "combined": lambda m, p: f'::1 - - [10/Oct/2025:13:55:36 +0000] "{m} {p} HTTP/1.1" 304 0 "http://a/?x=\\"y\\"" "curl/8 \\"x\\""',
    "behind a proxy": lambda m, p: f'a.example:443 10.0.0.1 - - [x] "{m} {p} HTTP/2.0" 200 5 "-" "GET /no HTTP/1.1"',
    "uvicorn": lambda m, p: f'INFO:     127.0.0.1:53410 - "{m} {p} HTTP/1.1" 200 OK',
    "gunicorn": lambda m, p: f'[2025-10-10 13:55:36 +0000] [7] [INFO] 127.0.0.1:1 - "{m} {p} HTTP/1.1" 200',
    "container": lambda m, p: f'web-1  | INFO:     172.18.0.1:1 - "{m} {p} HTTP/1.1" 404 Not Found',
    "nginx json": lambda m, p: json.dumps({"time": 1, "request": f"{m} {p} HTTP/1.1", "status": 200}),
    "nginx json, fields": lambda m, p: json.dumps({"request_method": m, "request_uri": p, "status": "200"}),
    "caddy": lambda m, p: json.dumps({"level": "info", "request": {"method": m, "uri": p}, "status": 200}),
    "traefik": lambda m, p: json.dumps({"RequestMethod": m, "RequestPath": p, "DownstreamStatus": 200}),
}  # fmt: skip

segments = st.text(st.sampled_from("abcXYZ019-_.~%{}()*:@!$&',;=+é"), max_size=8)
paths = st.lists(segments, min_size=1, max_size=5).map(lambda parts: "/" + "/".join(parts))
queries = st.one_of(st.just(""), st.text(st.sampled_from("a=1&/?:%{}"), max_size=10).map(lambda q: f"?{q}"))


@pytest.mark.parametrize("form", FORMATS)
@given(method=st.sampled_from(["GET", "POST", "DELETE", "OPTIONS"]), path=paths, query=queries)
def test_a_request_is_read_whatever_the_format(form: str, method: str, path: str, query: str) -> None:
    assert parse_line(FORMATS[form](method, path + query)) == (method, path)


@given(st.text())
def test_no_line_breaks_it(line: str) -> None:
    found = parse_line(line)
    assert found is None or found[1].startswith("/") or found[0]


@pytest.mark.parametrize(
    "line",
    [
        "",
        "Application startup complete.",
        '10.0.0.1 - - [x] "\\x16\\x03\\x01" 400 150',
        '10.0.0.1 - - [x] "-" 408 0',
        '{"message": "GET /x"}',
        "[1, 2]",
        "{broken}",
    ],
)
def test_what_is_no_request(line: str) -> None:
    assert parse_line(line) is None


def test_a_conversation_and_a_whole_address() -> None:
    assert parse_line('INFO:     127.0.0.1:1 - "WebSocket /ws/1?x=1" [accepted]') == ("WEBSOCKET", "/ws/1")
    assert parse_line('x "GET http://h:1/a/b?c HTTP/1.1" 200') == ("GET", "/a/b")


def test_files_compressed_or_not(tmp_path: Path) -> None:
    lines = "\n".join([*[FORMATS["combined"]("GET", "/a?page=1")] * 3, "something else", ""])
    plain, packed = tmp_path / "access.log", tmp_path / "access.log.1.gz"
    plain.write_text(lines)
    packed.write_bytes(gzip.compress(lines.encode()))
    assert read_access_log(plain) == read_access_log(packed) == Counter({("GET", "/a"): 3, ("", ""): 1})


@pytest.mark.parametrize("content", [b"Application startup complete.\n", b"", b"\x1f\x8bbroken"])
def test_a_file_that_is_no_access_log(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "error.log"
    path.write_bytes(content)
    with pytest.raises(Problem) as caught:
        read_access_log(path)
    assert caught.value.code == "M408"


IMPORTED = Imported(
    title="",
    routes=tuple(
        Route(method, path, "", None, False, kind=kind)
        for method, path, kind in (
            ("GET", "/items/{item_id}", "http"),
            ("GET", "/items/", "http"),
            ("GET", "/old", "http"),
            ("GET", "/files/{path:path}", "http"),
            ("WEBSOCKET", "/ws/{room}", "websocket"),
        )
    ),
)


def test_requests_are_counted_by_the_route_that_would_serve_them() -> None:
    log = Counter(
        {
            ("GET", "/items/1"): 5,
            ("HEAD", "/items/2"): 1,
            ("GET", "/items"): 2,
            ("GET", "/files/a/b%20c"): 1,
            ("WEBSOCKET", "/ws/a"): 3,
            ("POST", "/items/1"): 7,
            ("GET", "/.env"): 9,
            ("", ""): 4,
        }
    )
    mix = count_routes(log, IMPORTED)
    assert mix.routes == (
        ("GET /items/{item_id}", 6), ("WEBSOCKET /ws/{room}", 3), ("GET /items/", 2), ("GET /files/{path:path}", 1)
    )  # fmt: skip
    assert (mix.requests, mix.elsewhere, mix.unread) == (12, 16, 4)


def test_what_nobody_asks_and_what_was_not_measured_is_named() -> None:
    mix = Mix((("GET /items/{item_id}", 3), ("GET /items/", 1)), elsewhere=2)
    notes = list(mix_notes(mix, IMPORTED, ["GET /items/{item_id}"]))
    assert notes == [
        "the log has 4 requests to 2 of 5 routes",
        "of the log, 2 requests go to no route and 0 lines hold no request",
        "nobody in the log asks GET /files/{path:path}, GET /old, WEBSOCKET /ws/{room}",
        "25% of the log's requests are to routes that no request here reached: GET /items/",
    ]


def exchange(cell: str, route: str, duration: int, queries: int = 0) -> Exchange:
    from strop.evidence import Query

    asked = tuple(Query("select", 0, 1, 1, None) for _ in range(queries))
    return Exchange(cell, route, "GET", "/", 200, duration, duration, queries=asked)


def test_a_route_costs_as_often_as_it_is_asked() -> None:
    run = [exchange("a", "A", 100), exchange("b", "A", 300), exchange("c", "B", 10), exchange("d", "C", 900)]
    shares = {cost.route: cost.share for cost in cost_routes(run, {"A": 1, "B": 60})}
    assert shares == {"B": pytest.approx(0.75), "A": pytest.approx(0.25), "C": 0.0}
    assert [cost.route for cost in cost_routes(run)] == ["C", "A", "B"]


def test_gains_are_those_of_the_mix() -> None:
    def run(one: int, two: int) -> dict[str, Outcome]:
        exchanges = (exchange("a", "A", 1, one), exchange("b", "B", 1, two), exchange("c", "C", 1, 99))
        return {e.cell: Outcome(e.cell, Answer(200), e) for e in exchanges}

    queries, rows = mix_gains(run(10, 2), run(10, 2), run(1, 2), {"A": 1, "B": 3})
    assert (queries.name, queries.before, queries.after) == ("log_queries", 4000.0, 1750.0)
    assert rows.low == pytest.approx(0.5625)
    assert mix_gains(run(1, 2), run(1, 2), run(1, 2), {"A": 1}) == ()


def test_cells_of_one_route_share_its_weight() -> None:
    cells = [Cell(i, 0, Request("GET", "/"), route) for i, route in (("a", "A"), ("b", "A"), ("c", "B"))]
    assert weights_of(cells, {"A": 2, "B": 4}) == pytest.approx((0.5, 0.5, 2.0))
    assert weights_of(cells, {}) == ()
