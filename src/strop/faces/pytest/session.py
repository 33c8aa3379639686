"""What does pytest --strop do at which moment: counts go along with each test's report, the summary at the end."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from strop.faces.pytest import counting
from strop.measure.tested.served import Served
from strop.measure.tested.sums import Sum, summed
from strop.report.tested import document, text

_PROPERTIES = ("requests", "queries", "repeats", "blocks", "blocking", "slow", "threads")


class Session:
    """Counts for one run of pytest, in a worker of xdist or in the process that reports."""

    def __init__(self, config: pytest.Config) -> None:
        self._is_worker = hasattr(config, "workerinput")
        self._file = None if self._is_worker else config.option.strop_json
        self._tests: dict[str, list[Served]] = {}
        self._failures: Counter[str] = Counter()
        if self._file and not Path(self._file).absolute().parent.is_dir():
            raise pytest.UsageError(f"--strop-json: there is no folder {Path(self._file).absolute().parent}")

    def pytest_runtest_logstart(self) -> None:
        """Forget what was counted between tests."""
        counting.take()

    @pytest.hookimpl(tryfirst=True)  # before the report is written to JUnit's file or sent by a worker
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Send the counts along with the last report of a test; take them where reports arrive."""
        if report.when != "teardown":
            return
        if not hasattr(report, "node"):  # xdist's mark of a report from a worker
            _attach(report, counting.take())
        if not self._is_worker:
            self._receive(report)

    def _receive(self, report: Any) -> None:
        sent = getattr(report, "strop", None)
        if sent is not None:
            self._tests[report.nodeid] = [Served.from_wire(each) for each in sent["served"]]
            for name, number in sent["failures"].items():
                self._failures[name] = max(self._failures[name], number)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self) -> None:
        """Write the file."""
        if self._file:
            Path(self._file).write_text(document.write(self._tests, self._failures), "utf-8")

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Write the summary."""
        terminalreporter.section("strop")
        for line in text.write(self._tests, self._failures):
            terminalreporter.write_line(line)


def _attach(report: Any, served: list[Served]) -> None:
    failed = {str(name): number for name, number in counting.failures().items()}
    if served or failed:
        report.strop = {"served": [each.to_wire() for each in served], "failures": failed}
    if served:
        report.user_properties += _properties(summed({report.nodeid: served}))


def _properties(cost: Sum) -> list[tuple[str, int]]:
    return [(f"strop_{name}", getattr(cost, name)) for name in _PROPERTIES]
