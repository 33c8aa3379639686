"""Sums over a run: per route, per line, the dearest first."""

from __future__ import annotations

import pytest

from strop.evidence import Block, Exchange, Query
from strop.measure.aggregate import cost_lines, cost_routes
from strop.span import Span

A, B = Span("app/a.py", 3, "show"), Span("app/b.py", 9, "list")


def query(
    span: Span | None = A,
    rows: int = 1,
    duration: int = 100,
    relationship: str = "",
    statement: str = "SELECT 1",
) -> Query:
    return Query(statement, 0, duration, rows, span, relationship)


def exchange(
    route: str, duration: int, *queries: Query, cpu: int = 0, blocks: tuple[Block, ...] = ()
) -> Exchange:
    return Exchange(
        "c",
        route,
        "GET",
        "/",
        200,
        duration,
        cpu,
        queries=queries,
        blocks=blocks,
        threads=2,
        commits=1,
        response_bytes=10,
    )


def test_means_and_greatest_values_of_a_route() -> None:
    block = Block(300, 0, ())
    one = exchange("GET /a", 100, query(rows=2), cpu=10)
    two = exchange("GET /a", 300, query(rows=3), query(rows=7), cpu=30, blocks=(block, block))
    (cost,) = cost_routes([one, two])
    assert (cost.requests, cost.queries, cost.queries_max, cost.rows, cost.rows_max) == (2, 1.5, 2, 6.0, 10)
    assert (cost.cpu, cost.duration, cost.blocked) == (20.0, 200.0, 300.0)
    assert (cost.threads, cost.commits, cost.response_bytes, cost.share) == (2.0, 1.0, 10.0, 1.0)


def test_routes_by_their_share_of_the_time_ties_by_name() -> None:
    costs = cost_routes([exchange("GET /b", 50), exchange("GET /a", 50), exchange("GET /c", 100)])
    assert [cost.route for cost in costs] == ["GET /c", "GET /a", "GET /b"]
    assert sum(cost.share for cost in costs) == pytest.approx(1)


def test_what_reached_no_route_counts_for_none() -> None:
    (cost,) = cost_routes([exchange("", 1000, query()), exchange("GET /a", 10)])
    assert cost.share == 1.0
    assert cost_routes([exchange("", 1000)]) == ()


def test_a_run_that_took_no_time() -> None:
    assert [cost.share for cost in cost_routes([exchange("GET /a", 0)])] == [0.0]


def test_lines_by_their_time_and_relationships_apart() -> None:
    lines = cost_lines(
        [
            exchange("GET /a", 1, query(A, 2, 100), query(A, 5, 10, "Order.items", "SELECT items")),
            exchange("GET /b", 1, query(A, 3, 50), query(B, 1, 400), query(None, 1, 5)),
            exchange("", 1, query(A, 1, 1)),
        ]
    )
    assert [(line.span, line.relationship) for line in lines] == [
        (B, ""), (A, ""), (A, "Order.items"), (Span("", 0), "")
    ]  # fmt: skip
    whole = lines[1]
    assert (whole.queries, whole.rows, whole.duration, whole.routes) == (3, 6, 151, ("GET /a", "GET /b"))
    assert lines[2].statement == "SELECT items"


def test_nothing() -> None:
    assert cost_routes([]) == ()
    assert cost_lines([]) == ()
