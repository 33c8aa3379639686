"""Whoever ends strop, nothing is left behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.cli.run_strop import environment

SLOW = """\
import time
from fastapi import FastAPI

app = FastAPI()
time.sleep(60)
"""
PATIENCE = 30.0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_ended_command_removes_its_copies(number: signal.Signals, tmp_path: Path) -> None:
    project, copies = tmp_path / "project", tmp_path / "copies"
    project.mkdir()
    copies.mkdir()
    (project / "main.py").write_text(SLOW)
    command = [sys.executable, "-m", "strop", "measure", "--python", sys.executable]
    with subprocess.Popen(
        command, cwd=project, env=environment({"TMPDIR": str(copies)}), stderr=subprocess.PIPE, text=True
    ) as child:
        wait_for_copy(copies)
        child.send_signal(number)
        _, err = child.communicate(timeout=PATIENCE)
    assert child.returncode == 130
    assert err.rstrip().endswith("nothing is left behind")
    assert list(copies.iterdir()) == []
    assert sorted(path.name for path in project.iterdir()) == ["main.py"]


def wait_for_copy(copies: Path) -> None:
    until = time.monotonic() + PATIENCE
    while not any(copies.rglob("main.py")):
        assert time.monotonic() < until, "no copy was made"
        time.sleep(0.05)
    time.sleep(0.5)
