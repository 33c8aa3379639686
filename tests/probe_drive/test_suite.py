from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.probe_drive.apps import SUITE
from tests.probe_drive.process import CLOCK, Oracle, Serving, run_probe, write_files


def _run(folder: Path, files: dict[str, str], *arguments: str) -> list[dict[str, Any]]:
    root = folder / "root"
    write_files(root, files)
    oracle = Oracle(lambda question: {"path": str(folder / "clone.db")})
    (folder / "clone.db").unlink(missing_ok=True)
    written, printed = run_probe(root, folder, "suite", ask=oracle.path, pytest=["-q", *arguments])
    oracle.close()
    lines = [json.loads(line) for line in written.splitlines()]
    assert lines, printed
    return lines


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    return _run(tmp_path_factory.mktemp("suite"), SUITE)


def _exchanges(lines: list[dict[str, Any]], test: str) -> list[dict[str, Any]]:
    return [each for each in lines if "request" in each and each["test"] == f"test_app.py::{test}"]


def test_every_test_ends_with_its_outcome_and_the_run_with_its_status(lines: list[dict[str, Any]]) -> None:
    outcomes = {each["test"].partition("::")[2]: each["outcome"] for each in lines if "outcome" in each}
    assert outcomes == {
        "test_world": "passed",
        "test_own_chance_goes_on_as_if_no_request_had_happened": "passed",
        "test_time_goes_on_in_the_tests_own_code": "passed",
        "test_boom": "passed",
        "test_body_that_nobody_reads": "passed",
        "test_asgi_transport": "passed",
        "test_skipped": "skipped",
        "test_fails": "failed",
    }
    assert lines[-1] == {"done": 1}


def test_two_runs_give_the_same_requests_and_answers(lines: list[dict[str, Any]], tmp_path: Path) -> None:
    def stable(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{key: each[key] for key in each if key not in ("exchange", "duration")} for each in found]

    assert stable(_run(tmp_path, SUITE)) == stable(lines)


def test_the_clock_stands_in_a_request_and_goes_on_after_it(lines: list[dict[str, Any]]) -> None:
    first, second = (
        json.loads(base64.b64decode(each["answer"]["body"])) for each in _exchanges(lines, "test_world")
    )
    told = [each["clock"] for each in _exchanges(lines, "test_world")]
    assert [first["time"], second["time"]] == pytest.approx(told)
    assert [each["ordinal"] for each in _exchanges(lines, "test_world")] == [1, 2]
    everything = [each["clock"] for each in lines if "request" in each]
    assert everything == sorted(set(everything))
    assert CLOCK < everything[0] < everything[-1] < CLOCK + 10


def test_a_part_of_the_suite_gives_the_same_answers(lines: list[dict[str, Any]], tmp_path: Path) -> None:
    """Also beside tests that were added and are left out."""
    files = {**SUITE, "a/test_added.py": "def test_added():\n    pass\n" * 200}
    part = _run(tmp_path, files, "--ignore=a/test_added.py", "test_app.py::test_asgi_transport")
    (alone,), (among) = _exchanges(part, "test_asgi_transport"), _exchanges(lines, "test_asgi_transport")
    assert alone["clock"] == among[0]["clock"]
    assert alone["answer"] == among[0]["answer"]


def test_requests_are_written_with_all_that_a_replay_needs(lines: list[dict[str, Any]]) -> None:
    (sent,) = _exchanges(lines, "test_asgi_transport")
    assert sent["request"]["method"] == "POST"
    assert sent["request"]["path"] == "/echo/a%20b?q=1"
    assert base64.b64decode(sent["request"]["body"]) == b"read"
    assert ["host", "x"] in sent["request"]["headers"]
    assert sent["exchange"]["test"] == sent["test"]
    assert sent["exchange"]["cell"] == f"{sent['test']}#1"
    assert sent["exchange"]["path"] == "/echo/a%20b?q=1"
    (unread,) = _exchanges(lines, "test_body_that_nobody_reads")
    assert base64.b64decode(unread["request"]["body"]) == b"unread"
    assert unread["answer"]["status"] == 405


def test_an_escaping_exception_is_named_and_reaches_the_test(lines: list[dict[str, Any]]) -> None:
    (boom,) = _exchanges(lines, "test_boom")
    assert boom["answer"]["exception"] == "LookupError"
    assert boom["answer"]["status"] == 500


def test_a_recorded_request_replays_to_the_same_answer(lines: list[dict[str, Any]], tmp_path: Path) -> None:
    """The suite's world and a cell's are one: only chance is seeded by other names."""
    (sent,) = _exchanges(lines, "test_asgi_transport")
    root = tmp_path / "root"
    write_files(root, SUITE)
    serving = Serving(root, tmp_path)
    serving.start()
    command = {"do": "request", "cell": "x", "clock": sent["clock"], **sent["request"]}
    answer = serving.tell(command)["outcome"]["answer"]
    serving.close()
    assert answer["status"] == sent["answer"]["status"]
    assert json.loads(base64.b64decode(answer["body"]))["body"] == "read"


def test_plugins_that_shuffle_or_distribute_are_quiet(tmp_path: Path) -> None:
    found = _run(
        tmp_path,
        {"pytest.ini": "[pytest]\naddopts = -n 2\n", "test_one.py": "def test_one():\n    pass\n"},
    )
    assert [each.get("outcome") for each in found] == ["passed", None]
    assert not list((tmp_path / "root").glob(".pytest_cache"))


def test_overlapping_requests_leave_the_tests_chance_alone(tmp_path: Path) -> None:
    code = """
import asyncio, random
import httpx
from fastapi import FastAPI
app = FastAPI()
@app.get("/{wait}")
async def read(wait: float):
    random.random()
    await asyncio.sleep(wait)
    return random.random()

def test_together():
    async def send():
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
            return await asyncio.gather(client.get("/0.05"), client.get("/0.1"), client.get("/0.01"))
    state = random.getstate()
    asyncio.run(send())
    assert random.getstate() == state
"""
    found = _run(tmp_path, {"test_one.py": code})
    assert [each["outcome"] for each in found if "outcome" in each] == ["passed"]


def test_a_request_inside_a_request_is_not_written(tmp_path: Path) -> None:
    code = """
import httpx
from fastapi import FastAPI
from fastapi.testclient import TestClient
inner = FastAPI()
app = FastAPI()
app.mount("/inner", inner)
@inner.get("/deep")
async def deep():
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://x") as client:
        return (await client.get("/flat")).json()
@app.get("/flat")
def flat():
    return 1

def test_deep():
    assert TestClient(app).get("/inner/deep").json() == 1
"""
    found = _run(tmp_path, {"test_one.py": code})
    assert [each["request"]["path"] for each in found if "request" in each] == ["/inner/deep"]


def test_each_run_of_a_parametrized_test_comes_after_the_one_before(tmp_path: Path) -> None:
    code = """
import datetime
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
app = FastAPI()
seen = [datetime.datetime.min]
@app.get("/")
def read():
    seen.append(datetime.datetime.now())

@pytest.mark.parametrize("number", range(5))
def test_time_goes_on(number):
    client = TestClient(app)
    for _ in range(5):
        client.get("/")
        client.get("/")
    assert seen == sorted(set(seen))
"""
    found = _run(tmp_path, {"test_one.py": code})
    assert [each["outcome"] for each in found if "outcome" in each] == ["passed"] * 5
    told = [each["clock"] for each in found if "request" in each]
    assert told == sorted(set(told))
    assert len(told) == 50
