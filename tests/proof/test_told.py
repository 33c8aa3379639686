"""A difference that is only an order nobody stated says what would make the fix provable."""

from __future__ import annotations

import pytest

from strop.proof.compare import compare
from strop.proof.judge import tell
from tests.proof.made import outcome


@pytest.mark.parametrize(
    ("before", "after", "only_order"),
    [
        ('{"tags": ["a", "b"], "n": 1}', '{"tags": ["b", "a"], "n": 1}', True),
        ('{"tags": ["a", "b"], "n": 1}', '{"tags": ["b", "a"], "n": 2}', False),
        ('{"tags": ["a", "b"]}', '{"tags": ["a", "c"]}', False),
    ],
)
def test_only_an_order_is_told_as_such(before: str, after: str, only_order: bool) -> None:
    told = tell(compare(outcome(before), outcome(after)))
    assert told.startswith("differs at body $.tags")
    assert ("order_by" in told) == only_order
