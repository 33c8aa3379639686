"""`pytest --strop`: what did the requests of your tests cost, and where? And `strop_budget` for tests.

pytest loads this module in every run in whose environment strop lies. Without the option, and in tests
that use no budget, nothing else of strop is imported and nothing is changed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from strop.faces.pytest.budget import Budgets


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options."""
    group = parser.getgroup("strop", "what the requests of the tests cost")
    group.addoption(
        "--strop",
        action="store_true",
        help="after the tests, report N+1, a blocked event loop, slow queries and thread hops by route and line",
    )
    group.addoption(
        "--strop-json", metavar="FILE", help="the same, and write the counts of every test to FILE as JSON"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Hook the libraries before a conftest imports the application."""
    options = early_config.known_args_namespace
    if (options.strop or options.strop_json) and not _is_recorded():
        from strop.faces.pytest.counting import begin

        begin(early_config)


def pytest_configure(config: pytest.Config) -> None:
    """Listen to the tests, if asked to."""
    if (config.option.strop or config.option.strop_json) and not _is_recorded():
        from strop.faces.pytest.session import Session

        config.pluginmanager.register(Session(config), "strop-session")


@pytest.fixture
def strop_budget(request: pytest.FixtureRequest) -> Iterator[Budgets]:
    """Limits for what the requests inside a `with` cost: `with strop_budget(queries=3, blocks=0): ...`.

    Limits hold with and without --strop: queries, rows, repeats (N+1), blocks, blocking, slow, threads.
    """
    from strop.faces.pytest.budget import Budgets

    budgets = Budgets(request.config, check=not _is_recorded())
    yield budgets
    budgets.finish()


def _is_recorded() -> bool:
    """Whether strop itself runs these tests in a copy: what they cost is counted there already."""
    return "strop_probe" in sys.modules
