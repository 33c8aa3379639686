"""Is code beside the product: an example, a demonstration, a stand-in, what tests start? What is wrong there meets no user."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from strop.finding import Finding
from strop.regex import regex
from strop.span import Span

_SHOWN = regex(r"(^|/)(examples?|demos?)/|^(samples?|tutorials?|cookbooks?|docs|docs_src|playground)/")
_STANDS_IN = regex(r"(^|\.)(Mock|Fake|Dummy|Stub)[A-Z]")  # a class in place of one that works
_DOMAINS = ("async", "http")
_TRIES = regex(  # an application that a browser's tests start
    r"(^|/)(cypress|(e2e|playwright)[-_]tests?)/|^(e2e|playwright)/|(^|/)tests?/(.+/)?(e2e|playwright)/"
)


def noted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings, those about what a program costs as notes where it is only shown, all where it is there for tests."""
    return tuple(
        replace(finding, severity="note")
        if (finding.domain in _DOMAINS and is_shown(finding.span)) or _TRIES.search(finding.span.file)
        else finding
        for finding in findings
    )


def is_shown(span: Span) -> bool:
    """Whether code is there to be read or tried, not to serve anybody."""
    return bool(_SHOWN.search(span.file) or _STANDS_IN.search(span.symbol))
