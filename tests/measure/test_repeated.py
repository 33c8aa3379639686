"""A route that the workload asks once: what keeps happening there is told from what only its first request does."""

from __future__ import annotations

import sys
from pathlib import Path

from strop.measure.observe import Workload, observe
from strop.rules.registry import check
from strop.target import Target
from strop.world.instance import open_world

APP = """\
import time
from fastapi import FastAPI

app = FastAPI()
ready = []


@app.get("/waits")
async def waits():
    time.sleep(0.05)
    return 1


@app.get("/prepares")
async def prepares():
    if not ready:
        time.sleep(0.05)
        ready.append(1)
    return 1


@app.get("/rooms/{number}")
def room(number: int):
    return number
"""


def test_what_only_a_first_request_does_is_not_told(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(APP)
    target = Target(str(tmp_path), "main:app", False, sys.executable)
    with open_world(target) as world:
        seen = observe(world, Workload(suite=False))
    assert seen.evidence.repeated == ("GET /waits",)
    assert [f.span.symbol for f in check(seen.project, seen.evidence) if f.code == "ASY001"] == ["waits"]
