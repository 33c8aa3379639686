"""Progress as values: what long work tells whoever listens (terminal, page, agent)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stage:
    """A new stage of the loop begins; `total` is the number of its steps, 0 if unknown."""

    name: str
    total: int = 0


@dataclass(frozen=True, slots=True)
class Advance:
    """One step of the current stage is done; `note` names it."""

    note: str = ""
    by: int = 1


@dataclass(frozen=True, slots=True)
class Note:
    """A line worth keeping on the screen."""

    text: str
    level: str = "info"  # info, good, warn


Event = Stage | Advance | Note
Listener = Callable[[Event], None]


def ignore(event: Event) -> None:
    """Listen to nothing."""
