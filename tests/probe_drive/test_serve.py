from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.probe_drive.apps import WORLD
from tests.probe_drive.process import Oracle, Serving, body_of, request, write_files


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    write_files(root, WORLD)
    return root


@pytest.fixture
def oracle(tmp_path: Path) -> Iterator[Oracle]:
    oracle = Oracle(lambda question: {"path": str(tmp_path / "clone.db")})
    yield oracle
    oracle.close()


@pytest.fixture
def serving(root: Path, tmp_path: Path, oracle: Oracle) -> Iterator[Serving]:
    serving = Serving(root, tmp_path, ask=oracle.path)
    serving.start()
    yield serving
    if serving.open:
        serving.close()


def test_two_processes_give_the_same_bytes_and_the_users_database_stays_away(
    root: Path, tmp_path: Path, oracle: Oracle
) -> None:
    answers = []
    for order in ([1, 2, 3], [3, 1, 2]):
        (tmp_path / "clone.db").unlink(missing_ok=True)
        serving = Serving(root, tmp_path, ask=oracle.path)
        serving.start()
        answers.append({ordinal: serving.get("/world", ordinal)["answer"] for ordinal in order})
        serving.close()
    assert answers[0] == answers[1]
    bodies = [base64.b64decode(answers[0][each]["body"]) for each in (1, 2, 3)]
    assert len(set(bodies)) == 3
    assert (tmp_path / "clone.db").exists()
    assert not (root / "data.db").exists()


def test_the_clock_follows_the_ordinal(serving: Serving) -> None:
    first, later = body_of(serving.get("/world", 10)), body_of(serving.get("/world", 600))
    assert first["now"] == "2023-11-14T22:13:21"
    assert first["at"] == first["now"]
    assert first["sql"][0] == "2023-11-14 22:13:21"
    assert later["now"] == "2023-11-14T22:14:20"


def test_a_request_arrives_as_it_was_sent(serving: Serving) -> None:
    headers = [["X-A", "1"], ["x-b", "zwei"], ["X-A", "2"]]
    outcome = serving.get("/echo/a%20b?q=%C3%A9&q=2", 0, "POST", body=b"text", headers=headers)
    seen = body_of(outcome)
    assert seen == {
        "name": "a b", "path": "/echo/a b", "raw": "/echo/a%20b", "query": "q=%C3%A9&q=2",
        "headers": [["x-a", "1"], ["x-b", "zwei"], ["x-a", "2"]], "body": "text",
        "state": {"from": "lifespan"}, "client": ["127.0.0.1", 50000],
    }  # fmt: skip
    assert outcome["cell"] == "c0"
    exchange = outcome["exchange"]
    assert (exchange["method"], exchange["path"], exchange["status"]) == (
        "POST",
        "/echo/a%20b?q=%C3%A9&q=2",
        200,
    )
    assert exchange["duration"] > 0
    assert exchange["cpu"] > 0


def test_headers_keep_their_order_and_head_has_no_body(serving: Serving) -> None:
    streamed = serving.get("/stream")["answer"]
    assert [name for name, _ in streamed["headers"]] == ["x-one", "x-two"]
    assert base64.b64decode(streamed["body"]) == b"ab"
    head = serving.get("/echo/a", method="HEAD")["answer"]
    assert (head["status"], head["body"]) == (200, "")


def test_what_escapes_is_named_by_its_type(serving: Serving) -> None:
    assert serving.get("/boom")["answer"]["exception"] == "LookupError"
    assert serving.get("/boom")["answer"]["status"] == 500
    assert serving.get("/exit")["answer"]["exception"] == "SystemExit"
    assert serving.get("/events")["answer"]["status"] == 200


def test_background_work_and_left_tasks_are_waited_for(serving: Serving) -> None:
    serving.get("/background")
    assert sorted(body_of(serving.get("/events"))) == ["background", "task"]


def test_a_refused_host_is_reported_once(serving: Serving) -> None:
    outcome = serving.get("/network")
    assert "example.com:80" in body_of(outcome)
    assert outcome["refused"] == ["example.com:80"]
    assert serving.get("/events")["refused"] == []


def test_a_written_file_has_the_time_of_its_request(serving: Serving) -> None:
    headers = dict(serving.get("/file", 600)["answer"]["headers"])
    assert headers["last-modified"] == "Tue, 14 Nov 2023 22:14:20 GMT"


def test_a_slow_request_ends_at_its_limit_and_the_next_is_served(serving: Serving) -> None:
    assert serving.get("/slow", limit=0.2)["answer"]["exception"] == "TimeLimit"
    assert serving.get("/events", limit=5)["answer"]["status"] == 200


def test_a_blocked_loop_ends_the_process_and_says_where(serving: Serving) -> None:
    answer = serving.tell(request("/blocked", limit=0.2))
    dead = answer["dead"]
    assert (dead["cell"], dead["reason"]) == ("c0", "TimeLimit")
    assert [(file, function) for file, _, function in dead["frames"]] == [("app.py", "blocked")]
    assert serving.process.wait(10) == 70


def test_a_batch_gives_cpu_time_for_each_round_and_request(serving: Serving) -> None:
    answer = serving.tell({"do": "batch", "rounds": 3, "requests": [request("/events"), request("/boom", 1)]})
    assert [len(row) for row in answer["batch"]["cpu"]] == [2, 2, 2]
    assert all(each > 10_000 for row in answer["batch"]["cpu"] for each in row)
    assert answer["batch"]["status"] == [200, 500]


def test_stop_runs_the_shutdown(serving: Serving) -> None:
    assert "shut down" in serving.close()


def test_a_command_out_of_place_is_refused(root: Path, tmp_path: Path) -> None:
    serving = Serving(root, tmp_path)
    assert serving.tell(request("/events"))["failed"]["kind"] == "command"
    serving.start()
    assert "dance" in serving.tell({"do": "dance"})["failed"]["message"]
    serving.close()


def test_started_engines_and_threads_are_told(root: Path, tmp_path: Path, oracle: Oracle) -> None:
    serving = Serving(root, tmp_path, ask=oracle.path)
    ready: dict[str, Any] = serving.start()
    serving.close()
    assert ready["thread_limit"] == 40
    (engine,) = ready["engines"]
    assert engine["url"] == "sqlite:///data.db"
    assert engine["span"]["file"] == "app.py"


def test_recording_tells_the_cost_and_changes_no_answer(root: Path, tmp_path: Path, oracle: Oracle) -> None:
    found = []
    for record in (False, True):
        (tmp_path / "clone.db").unlink(missing_ok=True)
        serving = Serving(root, tmp_path, ask=oracle.path, record=record)
        serving.start()
        found.append(serving.get("/world", 1))
        serving.close()
    plain, recorded = found
    assert recorded["answer"] == plain["answer"]
    assert recorded["exchange"]["route"] == "GET /world"
    assert [query["span"]["file"] for query in recorded["exchange"]["queries"]] == ["app.py"] * 3
    assert recorded["exchange"]["cell"] == "c1"
