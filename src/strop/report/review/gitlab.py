"""What does GitLab show in a merge request? A Code Quality report: https://docs.gitlab.com/ci/testing/code_quality/"""

from __future__ import annotations

import json
from typing import Any

from strop.report.review.result import Reported, Review, share

_SEVERITIES = {"error": "critical", "warning": "major", "note": "minor"}


def render(review: Review) -> str:
    """The findings as a list; a file that could not be read is an entry, too."""
    review = share(review)
    found = [_finding(entry, review.prefix) for entry in review.entries]
    found += [_unread(file, reason, review.prefix) for file, reason in review.unread]
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"


def _finding(entry: Reported, prefix: str) -> dict[str, Any]:
    finding, span = entry.finding, entry.finding.span
    route = f"{finding.routes[0]}: " if finding.routes else ""
    lines = {"begin": max(span.line, 1), "end": max(span.line, span.end_line, 1)}
    return {
        "description": f"{route}{finding.message} ({finding.impact}; fix: {finding.solution})",
        "check_name": f"{finding.code} {finding.slug}",
        "fingerprint": entry.fingerprint,
        "severity": _SEVERITIES[finding.severity],
        "location": {"path": prefix + span.file, "lines": lines},
    }


def _unread(file: str, reason: str, prefix: str) -> dict[str, Any]:
    return {
        "description": f"the file could not be read: {reason}",
        "check_name": "not read",
        "fingerprint": f"unread:{file}",
        "severity": "blocker",
        "location": {"path": prefix + file, "lines": {"begin": 1, "end": 1}},
    }
