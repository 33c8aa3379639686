"""Source may name what no message can hold (half a surrogate pair, a huge number): neither cache nor report stumbles."""

from pathlib import Path

from strop.actions.review import ReviewRequest, review
from strop.report.review.document import render

APP = """
import re
from fastapi import FastAPI

app = FastAPI()
BAD = re.compile("[\\ud800-\\udfff]")
SECRET_KEY = "\\ud800 is no secret"
LIMIT = 2**64
HUGE = 123456789012345678901234567890


@app.get("/names/{name}")
def read_name(name: str, other: str = "\\ud800", limit: int = HUGE, least: int = -123456789012345678901234567890):
    return BAD.sub("\\udfff", name + "\\ud800")
"""


def test_half_a_pair(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(APP)
    cold, warm = (review(ReviewRequest((tmp_path,), everything=True)).review for _ in range(2))
    assert render(cold) == render(warm)
    assert (tmp_path / ".strop" / "cache" / "source").exists()
