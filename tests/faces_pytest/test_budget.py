"""A budget that is kept says nothing; one that is not says what was counted, where, and the limit."""

from __future__ import annotations

import re

import pytest

from .conftest import Ran, Run

SUITE = """
import pytest
from fastapi.testclient import TestClient
from books import app

client = TestClient(app)

def test_kept(strop_budget):
    client.get("/authors/counts")
    with strop_budget(queries=1, blocking=1, threads=0):
        client.get("/authors/1")

def test_queries(strop_budget):
    with strop_budget(queries=3, repeats=0):
        client.get("/plain")
        client.get("/authors/counts")

def test_together(strop_budget):
    with strop_budget(queries=1):
        client.get("/authors/1")
        client.get("/authors/2")

def test_blocks(strop_budget):
    client.get("/plain")
    with strop_budget(blocks=0, blocking=0):
        client.get("/sleepy")

def test_threads(strop_budget):
    with strop_budget(threads=1):
        client.get("/authors/lazy")

def test_no_request(strop_budget):
    with strop_budget(queries=3):
        pass

def test_not_entered(strop_budget):
    strop_budget(queries=3)
    client.get("/authors/counts")

def test_no_limit(strop_budget):
    with pytest.raises(TypeError, match="needs a limit"):
        strop_budget()

def test_own_failure(strop_budget):
    with strop_budget(queries=0):
        client.get("/authors/1")
        raise ValueError("the test's own")
"""


@pytest.fixture(scope="module", params=[(), ("--strop",)], ids=["plain", "strop"])
def ran(run: Run, request: pytest.FixtureRequest) -> Ran:
    """Budgets hold with and without --strop."""
    return run({"test_books.py": SUITE}, "-rA", *request.param)


def test_budgets_that_are_kept_pass(ran: Ran) -> None:
    for name in ("test_kept", "test_no_limit"):
        assert f"PASSED test_books.py::{name}" in ran.text


def test_what_was_counted_where_and_the_limit_are_told(ran: Ran) -> None:
    assert "strop_budget: 5 queries (limit 3), 1 N+1 (limit 0)" in ran.text
    assert "GET /authors/counts -> 200  books.py:" in ran.text
    assert f"4 x  SELECT books  {ran.line('counted')}  called by {ran.line('loop')}" in ran.text
    assert f"1 x  SELECT authors  {ran.line('authors')}" in ran.text


def test_requests_inside_count_together_and_those_before_do_not(ran: Ran) -> None:
    assert "strop_budget: 2 queries (limit 1)" in ran.text


def test_blocks_are_told_with_their_line(ran: Ran) -> None:
    assert re.search(r"strop_budget: \d blocks? of the event loop \(limit 0\), 1 blocking call on", ran.text)
    assert re.search(rf"\d ms  .*  {ran.line('sleep')}", ran.text)
    assert f"1 x  time.sleep  {ran.line('sleep')}" in ran.text


def test_hops_are_told_with_their_functions(ran: Ran) -> None:
    assert "thread hops (limit 1)" in ran.text
    assert "1 x  lazy books.py:" in ran.text


def test_a_budget_that_checked_nothing_fails(ran: Ran) -> None:
    assert "no request was served inside the budget, so it says nothing" in ran.text
    assert "ERROR test_books.py::test_not_entered" in ran.text


def test_the_tests_own_failure_is_not_hidden(ran: Ran) -> None:
    assert "FAILED test_books.py::test_own_failure - ValueError: the test's own" in ran.text


def test_the_failure_points_into_the_test_and_not_into_strop(ran: Ran) -> None:
    assert "faces/pytest/budget.py" not in ran.text
