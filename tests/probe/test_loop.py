"""What blocks the loop, what calls out, what is built, and which lines run."""

import importlib.util
import sys
from typing import Any

import pytest

from tests.probe.record import place, record, request, where

LOOPS = [False, True] if importlib.util.find_spec("uvloop") else [False]


@pytest.mark.parametrize("uvloop", LOOPS)
def test_hashing_on_the_loop_names_the_line_and_the_handler(uvloop: bool) -> None:
    batch = [request("/hash/300000"), request("/idle/5")]
    said = record("calls", "/idle/1", batch, uvloop=uvloop)
    assert said.failures == {}
    by_path = {exchange["path"]: exchange for exchange in said.exchanges}
    (block,) = by_path["/hash/300000"]["blocks"]
    assert [span["symbol"] for span in block["stack"]] == ["digest", "hash_on_loop"]
    assert where(block["stack"][0]) == place("calls", "hash")
    assert block["duration"] >= 20_000
    assert block["cpu"] > block["duration"] / 4
    assert by_path["/idle/5"]["blocks"] == []


@pytest.mark.parametrize("uvloop", LOOPS)
def test_long_blocks_are_found_and_nothing_else(uvloop: bool) -> None:
    warming = ["/idle/1", "/thread/1"]  # the first requests import
    quiet = ["/idle/30", "/thread/200000", "/spin/3", [request("/spin/2")] * 3]
    said = record("calls", *warming, *["/spin/120"] * 5, *quiet, uvloop=uvloop)
    assert said.failures == {}
    blocks = [len(exchange["blocks"]) for exchange in said.exchanges]
    # On a starved machine the watching thread may come too late for one; it must never see too many.
    assert sum(blocks[2:7]) >= 4
    assert blocks[7:] == [0] * 6
    found = [block for exchange in said.exchanges[2:7] for block in exchange["blocks"]]
    assert {block["stack"][0]["symbol"] for block in found} == {"spin"}


def test_blocking_calls_on_the_loop_are_counted_by_line() -> None:
    said = record("calls", "/read", "/read", "/thread/1")
    assert said.failures == {}
    found = {
        (entry["name"], *where(entry["span"])): entry["count"] for entry in said.exchanges[1]["blocking"]
    }
    assert found == {("open", *place("calls", "read")): 3, ("time.sleep", *place("calls", "sleep")): 1}
    assert said.exchanges[2]["blocking"] == []


def test_an_outbound_call_tells_whether_a_connection_is_held() -> None:
    exchange = record("calls", "/out").one
    (call,) = exchange["outbound"]
    assert (call["method"], call["url"]) == ("GET", "http://stock.test/items")
    assert where(call["span"]) == place("calls", "out")
    assert call["connection_held"]
    (built,) = exchange["built"]
    assert (built["kind"], built["name"], where(built["span"])) == (
        "client",
        "httpx.AsyncClient",
        place("calls", "client"),
    )


def test_what_is_built_within_a_request_is_named() -> None:
    built = record("calls", "/built").one["built"]
    assert [(entry["kind"], entry["name"], where(entry["span"])) for entry in built] == [
        ("engine", "sqlalchemy.create_engine", place("calls", "engine")),
        ("settings", "calls:Settings", place("calls", "settings")),
    ]


def _watch(*marks: str) -> dict[str, Any]:
    return {"calls.py": [place("calls", mark)[1] for mark in marks]}


def test_watched_lines_are_those_that_ran() -> None:
    watch = _watch("branch", "called", "argument", "spin")
    said = record("calls", "/lines/1", "/lines/2", "/lines/2", "/idle/1", watch=watch)
    assert said.failures == {}
    ran = [[where(span) for span in exchange["lines"]] for exchange in said.exchanges]
    branch, called, argument = (place("calls", mark) for mark in ("branch", "called", "argument"))
    assert ran == [[argument, called], [branch, argument, called], [branch, argument, called], []]
    assert said.exchanges[0]["lines"][1]["symbol"] == "describe"


def test_a_watched_signature_counts_with_the_call() -> None:
    said = record("calls", "/lines/1", "/idle/1", watch=_watch("signature"))
    ran = [[where(span) for span in exchange["lines"]] for exchange in said.exchanges]
    assert ran == [[place("calls", "signature")], []]


def test_lines_of_worker_threads_are_watched() -> None:
    said = record("calls", "/thread/1", "/thread/1", watch=_watch("hash"))
    assert [len(exchange["lines"]) for exchange in said.exchanges] == [1, 1]


def test_the_probe_needs_the_standard_library_alone() -> None:
    code = "import strop.probe.recording as r, sys; r.install('/nowhere'); r.uninstall(); print(*sys.modules)"
    import subprocess

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    tops = {name.partition(".")[0] for name in done.stdout.split()}
    assert tops.isdisjoint({"fastapi", "starlette", "sqlalchemy", "anyio", "httpx", "pydantic", "greenlet"})
