"""Threads that parse at once: CPython 3.11 raises SystemError where a collection in one lets the other go on."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from strop.tree import module_tree

DEEP = "\n".join(
    f"def f{n}(a):\n    return [{{'k': (a + {n}) * (a - 1)}} for a in range({n})]" for n in range(60)
)


@pytest.fixture
def restless() -> Iterator[None]:
    """Collect often, and let threads take turns while it is done."""
    interval, threshold = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(1e-6)
    gc.set_threshold(20)
    gc.callbacks.append(_pass)
    yield
    gc.callbacks.remove(_pass)
    gc.set_threshold(*threshold)
    sys.setswitchinterval(interval)


def _pass(phase: str, info: dict[str, int]) -> None:
    sum(range(50))


@pytest.mark.usefixtures("restless")
def test_threads_parse_at_once() -> None:
    with ThreadPoolExecutor(4) as pool:
        trees = list(pool.map(module_tree, [DEEP] * 40))
    assert {len(tree.body) for tree in trees} == {60}
