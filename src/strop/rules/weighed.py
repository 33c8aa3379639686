"""What do rules see that speak after all the others: about comments that ignore findings, and baselines?"""

from __future__ import annotations

from msgspec import Struct

from strop.finding import Finding
from strop.span import Span


class Stale(Struct, frozen=True):
    """An entry of the baseline that answers to no finding: where it stands, and what it was about."""

    span: Span
    code: str
    about: str


class Weighed(Struct, frozen=True):
    """Everything that was found, ignored or not, and what the baseline still holds of what is gone."""

    findings: tuple[Finding, ...]
    stale: tuple[Stale, ...] = ()
