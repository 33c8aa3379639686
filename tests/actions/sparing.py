"""For tests that ask nothing of gate 4: it runs both sides itself, and costs more than all that is before it."""

from __future__ import annotations

import pytest

from strop.proof import perturbed_choice, perturbed_states

FEW = 12


def spare(patched: pytest.MonkeyPatch) -> None:
    """Send few perturbed requests, and none in perturbed states."""
    patched.setattr(perturbed_choice, "MOST", FEW)
    patched.setattr(perturbed_states, "states", lambda *_: ())
