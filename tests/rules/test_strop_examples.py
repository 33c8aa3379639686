"""The rules about strop's own comments and baselines: their examples go through the whole review."""

from __future__ import annotations

from pathlib import Path

import pytest

from strop.actions.review import ReviewRequest, review
from strop.rules.example import Example
from strop.rules.registry import rules
from tests.actions.written import write

CASES = [(r.rule.code, example) for r in rules() if r.rule.domain == "strop" for example in r.examples]


@pytest.mark.parametrize(("code", "example"), CASES, ids=[f"{code}-{e.name}" for code, e in CASES])
def test_example(code: str, example: Example, tmp_path: Path) -> None:
    write(tmp_path, example.files)
    entries = review(ReviewRequest((tmp_path,))).review.entries
    found = [entry.finding.message for entry in entries if entry.finding.code == code]
    assert bool(found) == example.bad, found
