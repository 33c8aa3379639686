"""Several requests at once, one at a time, as a plan says."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.probe_drive.process import Serving, request, write_files

APP = """
import asyncio
import threading
import time
import uuid

from fastapi import FastAPI

app = FastAPI()
left = {"async": 10, "thread": 10, "locked": 10}
lock = asyncio.Lock()


async def pause():
    await asyncio.sleep(0)


@app.post("/async")
async def take_async():
    before = left["async"]
    await pause()
    left["async"] = before - 1
    return {"left": left["async"], "id": str(uuid.uuid4())}


@app.post("/thread")
def take_in_thread():
    before = left["thread"]
    after = before - 1
    left["thread"] = after
    return {"left": after}


@app.post("/locked")
async def take_locked():
    async with lock:
        before = left["locked"]
        await pause()
        left["locked"] = before - 1
    return {"left": left["locked"]}


@app.post("/reset")
async def reset():
    left.update({"async": 10, "thread": 10, "locked": 10})


@app.post("/never")
async def never():
    await asyncio.Event().wait()
"""
LINES = [line for line, text in enumerate(APP.splitlines(), 1) if "left[" in text or "after = " in text]


@pytest.fixture
def serving(tmp_path: Path) -> Iterator[Serving]:
    root = tmp_path / "root"
    write_files(root, {"app.py": APP})
    serving = Serving(root, tmp_path, record=True, watch={"app.py": LINES})
    serving.start()
    yield serving
    if serving.open:
        serving.close()


def at_once(serving: Serving, path: str, holds: list[list[int]], **plan: Any) -> tuple[list[Any], Any]:
    """What two of these requests are answered, and their steps; the first is held as `holds` say."""
    serving.get("/reset", 0, "POST")
    sent = [request(path, ordinal, "POST") for ordinal in (1, 2)]
    command = {"do": "turns", "requests": sent, "plan": {"order": [0, 1], "holds": holds, **plan}, "limit": 2}
    told = serving.tell(command)["turns"]
    return [json.loads(base64.b64decode(a["body"]) or "null") for a in told["answers"]], told


def place(text: str) -> str:
    return f"app.py:{next(n for n, line in enumerate(APP.splitlines(), 1) if text in line)}"


def test_an_update_is_lost_where_the_first_is_held_between_reading_and_writing(serving: Serving) -> None:
    serial, told = at_once(serving, "/async", [])
    assert [each["left"] for each in serial] == [9, 8]
    step = told["traces"][0].index(place("await asyncio.sleep(0)")) + 1
    for _ in range(3):
        held, _ = at_once(serving, "/async", [[0, step]])
        assert [each["left"] for each in held] == [9, 9]
        assert [each["id"] for each in held] == [each["id"] for each in serial], "chance follows the request"
    assert serial[0]["id"] != serial[1]["id"]


def test_a_lock_that_the_base_has_keeps_the_second_waiting(serving: Serving) -> None:
    _, told = at_once(serving, "/locked", [])
    for step in range(1, len(told["traces"][0])):
        held, _ = at_once(serving, "/locked", [[0, step]])
        assert sorted(each["left"] for each in held) == [8, 9], f"held after step {step}"


def test_threads_hand_over_before_watched_lines(serving: Serving) -> None:
    _, told = at_once(serving, "/thread", [])
    step = told["traces"][0].index("thread " + place('left["thread"] = after')) + 1
    held, _ = at_once(serving, "/thread", [[0, step]])
    assert [each["left"] for each in held] == [9, 9]


def test_who_never_ends_is_told_and_the_next_are_served(serving: Serving) -> None:
    _, told = at_once(serving, "/never", [])
    assert [answer["exception"] for answer in told["answers"]] == ["TimeLimit", "TimeLimit"]
    assert [each["left"] for each in at_once(serving, "/async", [])[0]] == [9, 8]


def test_a_drawn_plan_is_the_same_each_time(serving: Serving) -> None:
    drawn = [at_once(serving, "/async", [], seed=seed)[0] for seed in range(12)]
    assert drawn == [at_once(serving, "/async", [], seed=seed)[0] for seed in range(12)]
    assert {tuple(each["left"] for each in answers) for answers in drawn} >= {(9, 8), (9, 9)}
