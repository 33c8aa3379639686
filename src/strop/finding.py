"""One root cause, with every route it reaches."""

from __future__ import annotations

import hashlib
from typing import Literal

from msgspec import Struct, field

from strop.span import Span, Step

Known = Literal["static", "measured", "proved"]
Severity = Literal["error", "warning", "note"]


class Cost(Struct, frozen=True):
    """What the cause costs over the measured run; zero where it was not measured."""

    queries: float = 0  # statements that would go away, per request of its routes
    rows: float = 0  # rows fetched needlessly, per request
    cpu: float = 0  # us per request
    blocked: float = 0  # us of event loop per request
    threads: float = 0  # hops to the thread pool per request
    total: float = 0  # us over the whole run: the key that findings are ranked by


class Finding(Struct, frozen=True):
    """A cause, where it is, what it costs, how it is known and what to do about it.

    `facts` carries what a fix needs beyond the place (relationship, table, column, parent query),
    as sorted pairs of text.
    """

    code: str  # "DB001"
    slug: str
    domain: str
    severity: Severity
    confidence: float  # 0 to 1
    known: Known
    span: Span
    routes: tuple[str, ...]
    message: str
    impact: str
    solution: str
    chain: tuple[Step, ...] = ()
    cost: Cost = field(default_factory=Cost)
    facts: tuple[tuple[str, str], ...] = ()
    places: tuple[Span, ...] = ()  # where else the same cause stands, when one finding speaks for many

    @property
    def id(self) -> str:
        """A short id derived from what the finding is about, not from line numbers."""
        lasting = ("=".join(fact) for fact in self.facts if not fact[0].endswith("_line"))
        text = "\0".join((self.code, self.span.file, self.span.symbol, *lasting))
        return "F" + hashlib.sha256(text.encode()).hexdigest()[:6]

    def fact(self, name: str) -> str:
        """The named fact, or "" when the rule did not see it."""
        return dict(self.facts).get(name, "")
