"""What makes a finding the same one tomorrow? Not its line: that moves whenever something above it is edited."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Sequence

from strop.finding import Finding

Lines = Callable[[str], Sequence[str]]  # of a file; empty where it can't be read

_COMMENT = re.compile(r"\s+#.*$")


def fingerprints(findings: Sequence[Finding], lines: Lines) -> dict[Finding, str]:
    """A fingerprint for each: of code, file, symbol, the text of the line, and its place among equal ones."""
    seen: Counter[str] = Counter()
    result = {}
    for finding in sorted(findings, key=lambda f: (f.code, f.span, f.facts, f.message)):
        key = "\0".join((finding.code, finding.span.file, finding.span.symbol, _text(finding, lines)))
        seen[key] += 1
        result[finding] = hashlib.sha256(f"{key}\0{seen[key]}".encode(errors="replace")).hexdigest()[:16]
    return result


def _text(finding: Finding, lines: Lines) -> str:
    """The line without its spaces at the sides, doubled ones inside, and a comment behind it."""
    here = lines(finding.span.file)
    line = here[finding.span.line - 1] if 0 < finding.span.line <= len(here) else ""
    return " ".join(_COMMENT.sub("", line).split())
