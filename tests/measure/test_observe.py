"""The base under its workload: where requests come from, what is set aside, and what is said of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from strop.event import Event, Stage
from strop.measure.observe import Observation, Workload, observe
from strop.problem import Problem
from strop.world.instance import open_world
from tests import ledger
from tests.measure.test_har import entry, har

APP = """\
import os
import time

from fastapi import FastAPI

app = FastAPI()
served = []


@app.get("/before")
def before() -> int:
    served.append(1)
    return len(served)


@app.get("/same")
def same() -> int:
    return 1


@app.get("/dead")
def dead() -> int:
    os._exit(1)


@app.get("/wrong")
def wrong() -> int:
    return 1 // 0
"""


def look(folder: Path, workload: Workload, heard: list[Event] | None = None) -> Observation:
    home = ledger.make(folder / "home", {"main.py": APP}, database=False)
    target = replace(ledger.target(home), app="main:app", tests=(), login=None)
    with open_world(target) as world:
        return observe(world, workload, (heard if heard is not None else []).append)


def test_what_ends_the_process_is_set_aside_and_what_depends_on_others_differs(tmp_path: Path) -> None:
    seen = look(tmp_path, Workload(suite=False))
    assert {cell.route for cell in seen.cells} == {"GET /before", "GET /same", "GET /wrong"}
    assert seen.one.keys() == seen.two.keys() == {cell.id for cell in seen.cells}
    notes = seen.evidence.notes
    assert any("1 requests hang or end the process" in note and "GET /dead" in note for note in notes)
    assert any("1 requests end in a server error already" in note and "GET /wrong" in note for note in notes)
    assert (seen.evidence.source, seen.evidence.dialect) == ("openapi", "")
    assert "GET /dead" in seen.evidence.missed


def test_requests_of_a_har_file(tmp_path: Path) -> None:
    path = har(
        tmp_path,
        entry(url="http://localhost:8000/same"),
        entry(url="http://localhost:8000/nowhere"),
        {**entry(url="https://fonts.example.com/same"), "response": {"content": {"mimeType": "font/woff2"}}},
    )
    seen = look(tmp_path, Workload(suite=False, har=path))
    assert [(cell.source, cell.request.path) for cell in seen.cells] == [
        ("har", "/same"),
        ("har", "/nowhere"),
    ]
    assert [seen.one[cell.id].answer.status for cell in seen.cells] == [200, 404]
    assert seen.evidence.source == "har"
    assert seen.evidence.reached == ("GET /same",)
    assert "requests to other servers are left out: fonts.example.com" in seen.evidence.notes


def test_a_wrong_file_is_told_before_anything_starts(tmp_path: Path) -> None:
    (tmp_path / "a.har").write_text(json.dumps({"log": {}}))
    heard: list[Event] = []
    with pytest.raises(Problem) as caught:
        look(tmp_path, Workload(har=tmp_path / "a.har"), heard)
    assert caught.value.code == "M401"
    assert not any(isinstance(event, Stage) for event in heard)


def test_nothing_to_send(tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        look(tmp_path, Workload(openapi=False))
    assert caught.value.code == "M404"
