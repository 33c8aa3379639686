"""What does a program read of a proof? One JSON document with a version."""

from __future__ import annotations

import msgspec

from strop.report.prove.proved import Proved
from strop.report.redaction import clean


def render(proved: Proved) -> str:
    """The proof as one line of JSON; times in seconds, costs in the units of `strop.evidence`."""
    return msgspec.json.encode(clean(proved)).decode() + "\n"
