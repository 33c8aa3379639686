"""The edits and the test of one fix."""

from __future__ import annotations

import hashlib

from msgspec import Struct


class Edit(Struct, frozen=True):
    """One file before and after; `before` is None for a new file."""

    file: str
    before: str | None
    after: str


class Patch(Struct, frozen=True):
    """One fix of one finding: what it changes, what it promises to preserve, the test it brings."""

    fix: str  # name of the codemod: "load_relationship"
    option: str  # which alternative of it: "selectinload"
    finding: str
    title: str  # the commit's subject
    why: str  # the commit's body
    edits: tuple[Edit, ...]
    preserves: str = "exact"
    tests: tuple[Edit, ...] = ()
    touches_schema: bool = False  # brings a migration that the world must run

    @property
    def id(self) -> str:
        """A short id derived from the edits."""
        text = "\0".join(part for e in self.edits for part in (e.file, e.after))
        return "P" + hashlib.sha256(f"{self.finding}{text}".encode()).hexdigest()[:6]


class Proposal(Struct, frozen=True):
    """A fix that was not written, or not kept, and why."""

    fix: str
    finding: str
    reason: str
    option: str = ""
