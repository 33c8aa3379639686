"""Where in the user's source something is."""

from __future__ import annotations

from msgspec import Struct


class Span(Struct, frozen=True, order=True, gc=False):
    """A place in a file: path relative to the target's root, 1-based line, enclosing symbol."""

    file: str
    line: int  # 0: not known
    symbol: str = ""
    end_line: int = 0  # 0: the same line

    def __str__(self) -> str:
        return f"{self.file}:{self.line}" if self.line else self.file


class Step(Struct, frozen=True, gc=False):
    """One link of the chain from a route to a cause: what is called, and where."""

    text: str
    span: Span
