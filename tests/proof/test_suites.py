"""The application's own tests as witnesses: what is compared, and which tests are set aside."""

from __future__ import annotations

from strop.proof.suites import compare_suites, flaky_tests
from tests.proof.made import suite

A, B = "tests/test_a.py::test_a", "tests/test_a.py::test_b"
PASSED = ((A, "passed"), (B, "passed"))


def base() -> tuple[tuple[str, int, str], ...]:
    return (A, 0, "1"), (A, 1, "2"), (B, 0, "3")


def test_the_same_twice() -> None:
    run = suite(*base(), tests=PASSED)
    assert flaky_tests(run, run) == ()
    assert compare_suites(run, run, ()) == ()


def test_flaky_by_answer_by_number_of_requests_and_by_outcome() -> None:
    run = suite(*base(), tests=PASSED)
    assert flaky_tests(run, suite((A, 0, "1"), (A, 1, "9"), (B, 0, "3"), tests=PASSED)) == (A,)
    assert flaky_tests(run, suite((A, 0, "1"), (B, 0, "3"), tests=PASSED)) == (A,)
    assert flaky_tests(run, suite(*base(), tests=((A, "passed"), (B, "failed")))) == (B,)
    assert flaky_tests(run, suite(*base(), tests=((A, "passed"),))) == (B,)


def test_a_changed_answer_a_missing_request_and_a_failing_test_are_told() -> None:
    after = suite((A, 0, "1"), (B, 0, "4"), tests=((A, "failed"), (B, "passed")))
    found = compare_suites(suite(*base(), tests=PASSED), after, ())
    assert [(d.cell, d.path, d.before, d.after) for d in found] == [
        (A, "test", "passed", "failed"),
        (f"{A}#1", "request", "GET /x", ""),
        (f"{B}#0", "body $", "3", "4"),
    ]


def test_a_test_that_did_not_run_is_told() -> None:
    found = compare_suites(suite(tests=PASSED), suite(tests=PASSED[:1]), ())
    assert [(d.cell, d.after) for d in found] == [(B, "not run")]


def test_flaky_tests_witness_nothing() -> None:
    after = suite((A, 0, "9"), (B, 0, "3"), tests=((A, "failed"), (B, "passed")))
    assert compare_suites(suite(*base(), tests=PASSED), after, (A,)) == ()


def test_new_tests_do_not_count() -> None:
    new = "tests/test_new.py::test_new"
    after = suite(*base(), (new, 0, "7"), tests=(*PASSED, (new, "failed")))
    assert compare_suites(suite(*base(), tests=PASSED), after, ()) == ()
