"""Requests at once: whatever a thread's pace, a request draws what it would draw alone."""

from __future__ import annotations

import sys
from pathlib import Path

from strop.cell import Cell, Request
from strop.measure.serve import Served
from strop.measure.together import Plan
from strop.target import Target
from strop.world.instance import open_world

# Longer than a request that waits for its turn waits for one that does nothing: the other goes on meanwhile.
APP = """\
import time, uuid
from fastapi import FastAPI

app = FastAPI()


@app.get("/drawn")
def drawn():
    time.sleep(0.5)
    return uuid.uuid4()
"""


def test_a_slow_thread_draws_from_its_own_request(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(APP)
    target = Target(str(tmp_path), "main:app", False, sys.executable)
    cell = Cell("c", 0, Request("GET", "/drawn", (("host", "testserver"),), b""))
    with open_world(target) as world, Served(world.instance(world.folder.tree())) as served:
        alone = served.serve(cell).answer.body
        answers = [served.together((cell, cell), Plan(order), 20.0).answers for order in ((0, 1), (1, 0))]
    first, second = answers[0]
    assert first.body == alone != second.body
    assert [answer.body for answer in answers[1]] == [first.body, second.body]
