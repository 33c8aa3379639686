"""Ctrl-C, or whatever ends strop, at several moments: exit status 130, nothing changed, nothing left behind."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests import ledger
from tests.cli.command import Ended, untouched

APP = "from fastapi import FastAPI\n\napp = FastAPI()\n\n\n@app.get('/')\ndef root() -> int:\n    return 1\n"
SLEEP = "import time\n\ntime.sleep(600)\n"
CHILD = "import subprocess\n\nsubprocess.Popen(['sleep', '600'])\n"
SLOW = APP.replace("    return", "    time.sleep(0.5)\n    return").replace("from", "import time\n\nfrom", 1)
# What strop mends in a moment: little of a test's time goes by before the work that is to be interrupted.
BLOCKING = APP.replace("def root", "async def root").replace("    return", "    time.sleep(0.05)\n    return")
MENDED = {"main.py": "import time\n\n" + BLOCKING}
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
    ("files", "arguments", "word", "times"),
    [
        (
            {"main.py": CHILD + SLEEP + APP},
            ("measure",),
            "reading",
            5,
        ),  # impatience must not stop the cleaning
        ({"main.py": SLOW}, ("measure", "--workload", "openapi"), "measuring", 1),
        (
            {"main.py": APP, "tests/test_slow.py": TEST},
            ("optimize", "--no-latency"),
            "running the tests",
            1,
        ),
        (ledger.FILES, ("optimize", "--workload", "openapi", "--no-latency"), "trying fixes", 1),
        (
            MENDED,
            ("optimize", "--workload", "openapi", "--most", "1", "--no-latency"),
            "proving the branch",
            1,
        ),
        (
            MENDED,
            ("optimize", "--workload", "openapi", "--most", "1", "--no-latency"),
            "comparing CPU time",
            2,
        ),
        (MENDED, ("optimize", "--workload", "openapi", "--most", "1"), "measuring latency", 1),
    ],
    ids=["import", "request", "suite", "fixes", "proof", "costs", "latency"],
)
def test_interrupt(
    tmp_path: Path, files: Mapping[str, str], arguments: tuple[str, ...], word: str, times: int
) -> None:
    home = ledger.make(tmp_path / "home", files, database=files is ledger.FILES)
    with untouched(home, tmp_path / "tmp") as bench:
        process = bench.start(*arguments)
        wait_for(process, word)
        time.sleep(0.3)  # into the work that the line announced
        for _ in range(times):
            process.send_signal(signal.SIGINT)
        check(bench.end(process))


def test_a_job_that_is_cancelled(tmp_path: Path) -> None:
    home = ledger.make(tmp_path / "home", {"main.py": SLEEP + APP}, database=False)
    with untouched(home, tmp_path / "tmp") as bench:
        process = bench.start("measure")
        wait_for(process, "reading")
        process.terminate()
        check(bench.end(process))


def test_a_command_that_is_killed(tmp_path: Path) -> None:
    """Nobody is asked: the keeper beside it puts away what it left."""
    home = ledger.make(tmp_path / "home", {"main.py": CHILD + SLEEP + APP}, database=False)
    with untouched(home, tmp_path / "tmp") as bench:
        process = bench.start("measure")
        wait_for(process, "reading")
        until = time.monotonic() + 60  # a clone and a process of the application are there
        while len(bench.processes()) < 4 and time.monotonic() < until:
            time.sleep(0.05)
        process.kill()
        assert bench.end(process).status == -signal.SIGKILL
        until = time.monotonic() + 10
        while any(bench.temporary.iterdir()) and time.monotonic() < until:
            time.sleep(0.1)


def check(ended: Ended) -> None:
    assert ended.status == 130, str(ended)
    assert ended.err.endswith(
        "strop: interrupted; nothing of yours was changed, and nothing is left behind\n"
    )
    assert "Traceback" not in ended.err
