"""What tests of whole commands share."""

from __future__ import annotations

import pytest

from tests.actions.sparing import spare


@pytest.fixture
def few_perturbed(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a test that asks nothing of gate 4."""
    spare(monkeypatch)
