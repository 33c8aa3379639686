"""Who is told what a request cost: the test that runs, and every budget that is open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from strop.measure.tested.digest import asked, digest
from strop.measure.tested.served import Served
from strop.probe import in_process
from strop.report.tested.exceeded import Spent

_keep = False  # the digests of the running test
_served: list[Served] = []
_open: list[list[Spent]] = []


def begin(config: pytest.Config) -> None:
    """Count from now until the session ends, for the tests."""
    global _keep
    if hook(config):
        _keep = True
        in_process.listen(_tell)


def hook(config: pytest.Config) -> bool:
    """Hook the libraries until the session ends; False where a session around this one has done so."""
    root, start = config.rootpath, config.invocation_params.dir
    if not in_process.install(str(start if root.is_relative_to(start) else root)):
        return False
    config.add_cleanup(_end)
    return True


def _end() -> None:
    global _keep
    _keep = False
    _served.clear()
    in_process.uninstall()


def take() -> list[Served]:
    """What was counted since this was asked before."""
    taken = _served[:]
    del _served[: len(taken)]
    return taken


def failures() -> Mapping[str, int]:
    """What went wrong inside the hooks, by part."""
    return in_process.failures


def open_budget() -> list[Spent]:
    """A list that every request is added to from now on."""
    spent: list[Spent] = []
    _open.append(spent)
    in_process.listen(_tell)
    return spent


def close_budget(spent: list[Spent]) -> None:
    """Add nothing more to the list."""
    _open[:] = [each for each in _open if each is not spent]
    if not _open and not _keep:
        in_process.listen(None)


def _tell(exchange: dict[str, Any], handler: dict[str, Any] | None) -> None:
    served = digest(exchange, handler, in_process.place_of_name)
    if _keep:
        _served.append(served)
    for spent in _open:
        spent.append(Spent(served, tuple(asked(exchange, handler))))
