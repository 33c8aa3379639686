"""Nobody waits for what a process does last: a wait before its end is a note, one that goes on serving is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from strop.project.read import read_project
from strop.rules.registry import check, noticers

_MAIN = """
import os
import sys
import time

import requests
from fastapi import FastAPI

app = FastAPI()


@app.post("/restart")
async def restart(hard: bool = False):
{body}
    return {{}}
"""


@pytest.mark.parametrize(
    ("body", "severity"),
    [
        ("    time.sleep(2)\n    sys.exit(0)", "note"),
        ("    os.system('./update.sh')\n    os.execv(sys.executable, sys.argv)", "note"),
        ("    if hard:\n        time.sleep(2)\n        os._exit(1)", "note"),
        ("    time.sleep(2)\n    if hard:\n        sys.exit(0)", "error"),
        ("    time.sleep(2)\n    requests.Session().close()", "error"),
    ],
    ids=["exit", "execv", "in its branch", "only for some", "goes on"],
)
def test_a_wait_before_the_end(tmp_path: Path, body: str, severity: str) -> None:
    (tmp_path / "main.py").write_text(_MAIN.format(body=body))
    found = check(read_project(tmp_path, (), (), noticers()), None)
    assert [f.severity for f in found if f.code in ("ASY001", "ASY003")] == [severity]
