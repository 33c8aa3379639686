"""Ctrl-C, or whatever ends strop, at several moments: exit status 130, nothing changed, nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests import ledger
from tests.cli.command import untouched

APP = "from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get('/')\ndef root() -> int:\n    return 1\n"
SLEEP = "import time\n\ntime.sleep(600)\n"
CHILD = "import subprocess\n\nsubprocess.Popen(['sleep', '600'])\n"
SLOW = APP.replace("    return", "    time.sleep(0.5)\n    return").replace("from", "import time\n\nfrom", 1)
TEST = "import time\n\n\ndef test_slow():\n    time.sleep(600)\n"


def wait_for(process: subprocess.Popen[str], word: str) -> None:
    """Until a line with the word was printed as progress; the rest is read on, so that nobody waits."""
    assert process.stderr is not None
    seen = []
    for line in process.stderr:
        if word in line:
            return
        seen.append(line)
    raise AssertionError(f"{word!r} was never printed: {''.join(seen)}")


@pytest.mark.parametrize(
    ("files", "arguments", "word"),
    [
        ({"main.py": SLEEP + APP}, ("measure",), "reading"),
        ({"main.py": CHILD + SLEEP + APP}, ("measure",), "reading"),
        ({"main.py": SLOW}, ("measure", "--workload", "openapi"), "measuring"),
        (
            {"main.py": APP, "tests/test_slow.py": TEST},
            ("measure", "--workload", "suite"),
            "running the tests",
        ),
        ({"main.py": APP, "tests/test_slow.py": TEST}, ("optimize", "--no-latency"), "running the tests"),
        (ledger.FILES, ("optimize", "--workload", "openapi", "--no-latency"), "comparing the base"),
        (ledger.FILES, ("optimize", "--workload", "openapi", "--no-latency"), "trying fixes"),
    ],
    ids=["import", "import with a child", "request", "suite", "optimize's suite", "pairs", "fixes"],
)
def test_interrupt(tmp_path: Path, files: Mapping[str, str], arguments: tuple[str, ...], word: str) -> None:
    home = ledger.make(tmp_path / "home", files, database=files is ledger.FILES)
    with untouched(home, tmp_path / "tmp") as bench:
        process = bench.start(*arguments)
        wait_for(process, word)
        threading.Event().wait(0.3)  # into the work that the line announced
        process.send_signal(signal.SIGINT)
        ended = bench.end(process)
    assert ended.status == 130, str(ended)
    assert ended.err.endswith(
        "strop: interrupted; nothing of yours was changed, and nothing is left behind\n"
    )
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_other_signals(tmp_path: Path, number: int) -> None:
    home = ledger.make(tmp_path / "home", {"main.py": SLEEP + APP}, database=False)
    with untouched(home, tmp_path / "tmp") as bench:
        process = bench.start("measure")
        wait_for(process, "reading")
        process.send_signal(number)
        ended = bench.end(process)
    assert ended.status == 130, str(ended)


def test_an_impatient_user(tmp_path: Path) -> None:
    """Ctrl-C again and again does not stop the cleaning up."""
    home = ledger.make(tmp_path / "home", {"main.py": SLEEP + APP}, database=False)
    with untouched(home, tmp_path / "tmp") as bench:
        process = bench.start("measure")
        wait_for(process, "reading")
        for _ in range(5):
            os.kill(process.pid, signal.SIGINT)
        ended = bench.end(process)
    assert ended.status == 130, str(ended)
