"""Is a file beside the product: an example, a demonstration? What is wrong there meets no user."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from strop.finding import Finding

_SHOWN = re.compile(r"(^|/)(examples?|demos?)/|^(samples?|tutorials?|cookbooks?|docs|docs_src|playground)/")
_DOMAINS = ("async", "http")


def noted(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings, those about what a program costs as notes where it is only shown."""
    return tuple(
        replace(finding, severity="note")
        if finding.domain in _DOMAINS and is_shown(finding.span.file)
        else finding
        for finding in findings
    )


def is_shown(file: str) -> bool:
    """Whether a file (relative to the project) is there to be read or tried, not to serve anybody."""
    return bool(_SHOWN.search(file))
