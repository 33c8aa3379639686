"""Gate 2: the application's own tests as a driver, their traffic compared request by request."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from strop.evidence import Outcome, Outcomes
from strop.measure.suite import SuiteRun
from strop.proof.compare import compare
from strop.verdict import Difference


def suite_outcomes(run: SuiteRun) -> Outcomes:
    """The requests of a suite as outcomes; the key is the test and the ordinal in it."""
    found: Outcomes = {}
    for recorded in run.recorded:
        key = f"{recorded.test}#{recorded.ordinal}"
        exchange = replace(recorded.exchange, cell=key, test=recorded.test)
        found[key] = Outcome(key, recorded.answer, exchange, calls=recorded.calls)
    return found


def flaky_tests(one: SuiteRun, two: SuiteRun) -> tuple[str, ...]:
    """Tests whose outcome, number of requests or answers differ between two runs of the same code."""
    before, after = suite_outcomes(one), suite_outcomes(two)
    found = {name for name, _ in set(one.tests) ^ set(two.tests)}
    found |= {key.rpartition("#")[0] for key in before.keys() ^ after.keys()}
    found |= {k.rpartition("#")[0] for k in before.keys() & after.keys() if compare(before[k], after[k])}
    return tuple(sorted(found - {""}))


def compare_suites(
    before: SuiteRun,
    after: SuiteRun,
    flaky: Sequence[str],
    tell: Callable[[Outcome, Outcome], tuple[Difference, ...]] = compare,
) -> tuple[Difference, ...]:
    """What tests, or the answers inside them, tell apart; flaky tests are set aside, new tests don't count."""
    aside = set(flaky)
    old, new = dict(before.tests), dict(after.tests)
    found = [
        Difference(name, "", "test", "value", outcome, new.get(name, "not run"))
        for name, outcome in sorted(old.items())
        if name not in aside and new.get(name, "not run") != outcome
    ]
    answers = suite_outcomes(after)
    for key, outcome in suite_outcomes(before).items():
        if key.rpartition("#")[0] in aside:
            continue
        route = outcome.exchange.route
        if key not in answers:
            found.append(Difference(key, route, "request", "missing", route, ""))
        else:
            found += tell(outcome, answers[key])
    return tuple(found)
