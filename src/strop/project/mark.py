"""A lead: something that a rule noticed while a file was read, for it to judge with the whole project."""

from __future__ import annotations

from msgspec import Struct

from strop.span import Span


class Mark(Struct, frozen=True, array_like=True, gc=False):
    """One thing noticed. `function` is the id of the function around it ("file:<module>" at import)."""

    rule: str  # code
    span: Span
    function: str
    facts: tuple[tuple[str, str], ...] = ()  # sorted pairs of text

    def fact(self, name: str) -> str:
        """The named fact, or "" when it was not noted."""
        return dict(self.facts).get(name, "")
