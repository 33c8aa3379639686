"""A process that ends at once has written everything, and ends with the status that it was given."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

LONG = 3_000_000  # characters: more than any buffer and any pipe holds
CODE = f"""
import atexit, sys
from strop.faces.cli.brief import be_brief, leave
be_brief()
atexit.register(print, "last")
sys.stdout.write("x" * {LONG} + "\\n")
sys.stderr.write("also this")
leave(int(sys.argv[1]))
"""


@pytest.mark.parametrize("status", [0, 1, 3])
def test_a_pipe_gets_everything(status: int) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(status)], capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stderr) == (status, "also this")
    assert done.stdout == "x" * LONG + "\nlast\n"


@pytest.mark.parametrize("status", [0, 1, 3])
def test_a_file_gets_everything(status: int, tmp_path: Path) -> None:
    with (tmp_path / "out").open("w") as out:
        done = subprocess.run([sys.executable, "-c", CODE, str(status)], stdout=out, timeout=60)
    assert done.returncode == status
    assert (tmp_path / "out").read_text() == "x" * LONG + "\nlast\n"
