"""What traffic does the application's own test suite make: the `suite` mode runs it and writes it down."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from .config import Config
from .load import failure
from .schedule import Schedule
from .tap import Tap

# Plugin that shuffles, distributes or slows tests -> what turns that off where it is installed. Options and
# not `-p no:`, because the project's own options for the plugin must go on being understood.
_QUIET = {
    "xdist": ["-n", "0"],
    "pytest_randomly": ["--randomly-dont-reorganize", "--randomly-dont-reset-seed"],
    "random_order": ["-p", "no:random_order"],
    "pytest_cov": ["--no-cov"],
}


class Plugin:
    """Tells the tap which test runs, and writes how each test ended."""

    def __init__(self, tap: Tap) -> None:
        self._tap = tap
        self._started = 0.0
        self._outcome = ""
        self._schedule: Schedule | None = None

    def pytest_sessionstart(self, session: Any) -> None:
        """Lay out the time, before anything is collected."""
        config = session.config
        ignored = config.getoption("ignore") or ()
        self._schedule = Schedule(config.rootpath, config.getini("python_files"), ignored)

    def pytest_runtest_logstart(self, nodeid: str, location: tuple[str, int | None, str]) -> None:
        """Begin a test: before its fixtures are set up."""
        self._started = time.perf_counter()
        self._outcome = "passed"
        assert self._schedule is not None
        self._tap.begin_test(nodeid, self._schedule.moment(location[0], location[1] or 0))

    def pytest_runtest_logreport(self, report: Any) -> None:
        """Note the worst of set-up, call and tear-down."""
        if report.failed:
            self._outcome = "failed"
        elif report.skipped and self._outcome == "passed":
            self._outcome = "skipped"

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        """Write the end of a test."""
        duration = time.perf_counter() - self._started
        self._tap.write({"test": nodeid, "outcome": self._outcome, "duration": round(duration, 6)})


def run(config: Config, recording: Any) -> None:
    """Run the tests; write JSON lines to `config.out`: exchanges, tests, and last pytest's exit status."""
    cache = tempfile.mkdtemp(prefix="strop-pytest-")
    with Path(config.out).open("w", encoding="ascii") as out:
        tap = Tap(config, recording, out)
        tap.install()
        try:
            import pytest
        except ImportError as error:
            tap.write({"failed": failure("import", error).to_json()})
            raise SystemExit(1) from None
        status = pytest.main([*_arguments(cache), *config.pytest], plugins=[Plugin(tap)])
        tap.write({"done": int(status)})
    shutil.rmtree(cache, ignore_errors=True)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # threads of the application may not want to end


def _arguments(cache: str) -> list[str]:
    found = ["-o", f"cache_dir={cache}"]
    for module, options in _QUIET.items():
        if importlib.util.find_spec(module) is not None:
            found += options
    return found
