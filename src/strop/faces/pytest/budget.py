"""How does a test limit what its requests cost?"""

from __future__ import annotations

from types import TracebackType

import pytest

from strop.faces.pytest import counting
from strop.report.tested.exceeded import Spent, exceeded


class BudgetExceeded(AssertionError):
    """The requests cost more than the test allows, or there was none."""


class Budget:
    """Counts the requests that end inside a `with` and compares them with the limits."""

    def __init__(self, limits: dict[str, int], check: bool) -> None:
        self.entered = False
        self._limits = limits
        self._check = check
        self._spent: list[Spent] = []

    def __enter__(self) -> Budget:
        self.entered = True
        if self._check:
            self._spent = counting.open_budget()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        __tracebackhide__ = True
        if not self._check:
            return
        counting.close_budget(self._spent)
        if kind is not None:
            return  # the test has failed already, and says why
        if not self._spent:
            raise BudgetExceeded("strop_budget: no request was served inside the budget, so it says nothing")
        message = exceeded(self._limits, self._spent)
        if message:
            raise BudgetExceeded(message)


class Budgets:
    """What the fixture `strop_budget` gives to one test."""

    def __init__(self, config: pytest.Config, check: bool) -> None:
        self._check = check
        self._made: list[Budget] = []
        if check:
            counting.hook(config)

    def __call__(
        self,
        *,
        queries: int | None = None,
        rows: int | None = None,
        repeats: int | None = None,
        blocks: int | None = None,
        blocking: int | None = None,
        slow: int | None = None,
        threads: int | None = None,
    ) -> Budget:
        """Limit what all requests inside the `with` cost together; each limit is the most that is allowed."""
        given = {
            "queries": queries,
            "rows": rows,
            "repeats": repeats,
            "blocks": blocks,
            "blocking": blocking,
            "slow": slow,
            "threads": threads,
        }
        limits = {name: limit for name, limit in given.items() if limit is not None}
        if not limits:
            raise TypeError("strop_budget() needs a limit, for example strop_budget(queries=3)")
        budget = Budget(limits, self._check)
        self._made.append(budget)
        return budget

    def finish(self) -> None:
        """End the test: a budget that was never entered has checked nothing."""
        if not all(budget.entered for budget in self._made):
            pytest.fail(
                "strop_budget(...) checks nothing by itself: write `with strop_budget(...):`", pytrace=False
            )
