"""Would the application's own tests tell a mistake that no cell tells? The tests that execute its line are run with it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Sequence

from strop.fixes.write import apply
from strop.measure.suite import SuiteRun, run_suite
from strop.problem import Problem
from strop.proof.branch import BranchProof, Suites
from strop.proof.judge import Base
from strop.proof.mutants import Mutant
from strop.proof.suites import compare_suites
from strop.world.one_place import at_one_place

MOST = 20  # tests
ENOUGH = 60.0  # seconds after which no further mutant is tried: each costs a start of pytest


def told_by_tests(
    base: Base, proof: BranchProof, suites: Suites | None, mutants: Sequence[Mutant]
) -> dict[Mutant, bool]:
    """Whether the tests tell each of these mutants, as far as tests execute their lines and time allows.

    The same tests run on the change itself first: their traffic there is what is compared with.
    """
    if suites is None or proof.suite is None:
        return {}
    reached = {mutant: _tests(proof.suite, suites, mutant) for mutant in mutants}
    chosen = _cover(reached.values())
    wanted = [mutant for mutant, tests in reached.items() if tests & chosen]
    if not wanted:
        return {}
    until = time.monotonic() + ENOUGH
    arguments = tuple(sorted(chosen))
    control = _run(base, proof, None, arguments)
    found: dict[Mutant, bool] = {}
    for mutant in wanted:
        if control is None or time.monotonic() > until:
            break
        run = _run(base, proof, mutant, arguments)
        found[mutant] = run is None or bool(compare_suites(control, run, suites.flaky))
    return found


def _tests(run: SuiteRun, suites: Suites, mutant: Mutant) -> frozenset[str]:
    """The tests whose requests execute the mutant's statement; those set aside are no witnesses."""
    lines = {(mutant.span.file, line) for line in mutant.lines}
    unfit = {*suites.flaky, *run.failed, ""}
    return frozenset(
        r.test
        for r in run.recorded
        if r.test not in unfit and any((s.file, s.line) in lines for s in r.exchange.lines)
    )


def _cover(wanted: Iterable[frozenset[str]]) -> frozenset[str]:
    """At most MOST tests: for each mutant in turn one more, first those that serve many mutants."""
    left = [set(tests) for tests in wanted if tests]
    hits = Counter(test for tests in left for test in tests)
    chosen: set[str] = set()
    while len(chosen) < MOST and any(left):
        for tests in left:
            tests -= chosen
            if tests and len(chosen) < MOST:
                chosen.add(max(sorted(tests), key=lambda test: hits[test]))
    return frozenset(chosen)


def _run(base: Base, proof: BranchProof, mutant: Mutant | None, tests: tuple[str, ...]) -> SuiteRun | None:
    """The tests on the change, with a mistake in it; None when they can't be run so."""
    world = base.world
    with at_one_place(world, proof.revision) as instance:
        try:
            if mutant is not None:
                apply(instance.root, mutant.patch)
            return run_suite(instance, (*world.target.pytest_args, *tests))
        except Problem as problem:
            if problem.code.startswith("W"):  # the world's own trouble, as a full disk
                raise
            return None
