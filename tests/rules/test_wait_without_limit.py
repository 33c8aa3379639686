"""What a call without a limit holds up: one thread, or the event loop with every request."""

from __future__ import annotations

from pathlib import Path

import pytest

from strop.actions.review import ReviewRequest, review

RATES = """\
import requests
from fastapi import FastAPI

app = FastAPI()


@app.get("/rates")
HOW read_rates():
    return requests.get("https://rates.example/today").json()
"""


@pytest.mark.parametrize(
    ("how", "held"), [("def", "keeps its thread"), ("async def", "event loop stands still")]
)
def test_what_it_holds_up(tmp_path: Path, how: str, held: str) -> None:
    (tmp_path / "main.py").write_text(RATES.replace("HOW", how))
    (entry,) = review(ReviewRequest((tmp_path,), only=("HTTP001",), cache=False)).review.entries
    assert held in entry.finding.impact
