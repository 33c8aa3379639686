"""A candidate judged by the application's own tests, where no cell reaches the routes of its finding.

The tests that reach them run on the base and on the candidate, from a fresh tree each; their traffic is
compared request by request, and what it costs by the same counters as for cells.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence

from msgspec import Struct, field

from strop.evidence import Outcome
from strop.finding import Finding
from strop.measure.serve import Served
from strop.measure.suite import SuiteRun, run_suite
from strop.patch import Patch
from strop.proof.branch import Suites
from strop.proof.gain import count_gains, decide, promised
from strop.proof.judge import Base, Candidate, Judgement, Tip, tell
from strop.proof.lint import edited_lines, runs_at_import
from strop.proof.suites import compare_suites, flaky_tests, suite_outcomes
from strop.verdict import Behaviour, Difference, Gate
from strop.world.instance import Conditions, World

MOST = 20  # tests that judge one candidate


def driving_tests(run: SuiteRun, routes: Sequence[str], aside: Sequence[str]) -> tuple[str, ...]:
    """The tests that reach the routes most often and passed, at most MOST; those set aside are no witnesses."""
    wanted, unfit = set(routes), {*aside, *run.failed}
    hits = Counter(r.test for r in run.recorded if r.exchange.route in wanted and r.test not in unfit)
    return tuple(sorted(name for name, _ in sorted(hits.items(), key=lambda hit: (-hit[1], hit[0]))[:MOST]))


class Drivers(Struct):
    """Runs of chosen tests on the base, twice each, made when they are first asked for."""

    world: World
    suites: Suites
    _runs: dict[tuple[str, ...], tuple[SuiteRun, SuiteRun]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def base_runs(self, tests: tuple[str, ...]) -> tuple[SuiteRun, SuiteRun]:
        """Two runs of the tests on the base: the second is the A/A control."""
        with self._lock:
            if tests not in self._runs:
                self._runs[tests] = (self._run(tests), self._run(tests))
            return self._runs[tests]

    def _run(self, tests: tuple[str, ...]) -> SuiteRun:
        root = self.world.folder.tree("base")
        instance = self.world.instance(root)
        try:
            return run_suite(instance, (*self.world.target.pytest_args, *tests))
        finally:
            instance.close()
            self.world.folder.remove(root)


class DrivenJudgement(Judgement):
    """One candidate through gates 0, 1, 2 and 9, with tests as the driver."""

    def __init__(
        self, base: Base, tip: Tip, finding: Finding, patch: Patch, drivers: Drivers, tests: tuple[str, ...]
    ) -> None:
        super().__init__(base, tip, finding, patch, ())
        self.drivers = drivers
        self.tests = tests

    def _replay(self) -> Candidate:
        self._gate(1, "routes and OpenAPI", self._imported_contract)
        watch = {} if runs_at_import(self.patch) else edited_lines(self.patch.edits)
        one, two = self.drivers.base_runs(self.tests)
        target = self.base.world.target
        arguments = (*target.pytest_args, *self.tests)
        run = run_suite(self.instance, arguments, Conditions(watch=watch))
        aside = flaky_tests(one, two)
        self._gate(2, f"{len(self.tests)} own tests", lambda: self._traffic(one, run, aside))
        began = time.monotonic()
        outcomes = suite_outcomes(run)
        routes = set(self.finding.routes)
        before, again, after = (_of(routes, suite_outcomes(r)) for r in (one, two, run))
        gains = count_gains(before, after, again, self.finding.routes, promised(self.patch.fix))
        reached = any(o.exchange.lines for o in outcomes.values()) if watch else bool(after)
        best, reason = decide(self.patch.fix, gains)
        if not reached and best is None:
            verdict = self._verdict(Behaviour.INSUFFICIENT, "no test that was run executes the changed lines")
        else:
            detail = f"{best.name} {best.before:g} -> {best.after:g}" if best else reason
            self.gates.append(
                Gate(9, "cost in the same tests", best is not None, detail, time.monotonic() - began)
            )
            behaviour = Behaviour.UNSPECIFIED if aside else Behaviour.IDENTICAL
            verdict = self._verdict(behaviour, reason, kept=best is not None, gains=gains)
        return Candidate(self.patch, verdict, self.root, self.instance, tuple(self.notes))

    def _imported_contract(self) -> tuple[str, tuple[Difference, ...]]:
        served = Served(self.instance, Conditions(record=False))
        served.start()
        try:
            return self._contract(served)
        finally:
            self.instance.stop()

    def _traffic(
        self, one: SuiteRun, run: SuiteRun, aside: Sequence[str]
    ) -> tuple[str, tuple[Difference, ...]]:
        found = compare_suites(one, run, aside)
        return (f"{found[0].route or found[0].cell} {tell(found)}", found) if found else ("", ())


def _of(routes: set[str], outcomes: Mapping[str, Outcome]) -> dict[str, Outcome]:
    return {key: outcome for key, outcome in outcomes.items() if outcome.exchange.route in routes}
