"""Why a fix can't be written here."""

from __future__ import annotations


class Unfit(Exception):
    """The code has a shape that the fix does not see whole; `reason` is a clause for a person."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
