"""Progress as values: what long work tells whoever listens (terminal, page, agent)."""

from __future__ import annotations

from collections.abc import Callable

from msgspec import Struct


class Stage(Struct, frozen=True):
    """A new stage of the loop begins; `total` is the number of its steps, 0 if unknown."""

    name: str
    total: int = 0


class Advance(Struct, frozen=True):
    """One step of the current stage is done; `note` names it."""

    note: str = ""
    by: int = 1


class Note(Struct, frozen=True):
    """A line worth keeping on the screen."""

    text: str
    level: str = "info"  # info, good, warn


Event = Stage | Advance | Note
Listener = Callable[[Event], None]


def ignore(event: Event) -> None:
    """Listen to nothing."""
