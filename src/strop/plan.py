"""What to do first: findings in the order of what they cost, each with its options."""

from __future__ import annotations

from msgspec import Struct

from strop.finding import Finding


class Option(Struct, frozen=True):
    """One way to remove a cause; `fix` names a codemod, "" when only a person can do it."""

    title: str
    fix: str = ""
    complexity: str = "low"
    risk: str = "low"
    compatibility: str = "exact"  # exact, compatible, breaking
    expected: str = ""


class Item(Struct, frozen=True):
    """A finding as a piece of work."""

    finding: Finding
    problem: str
    impact: str
    solution: str
    risk: str
    validation: str
    rollback: str
    options: tuple[Option, ...]
    choice: bool = False  # the user's choice is needed: it changes what clients can see


class Plan(Struct, frozen=True):
    """Surface and criteria in a sentence each, then items by measured cost."""

    surface: str
    criteria: str
    items: tuple[Item, ...]
