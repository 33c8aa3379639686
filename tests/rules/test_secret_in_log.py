"""Log lines about one secret are one finding, those about two are two."""

from pathlib import Path

import pytest

from strop.project.read import read_project
from strop.rules.registry import check, noticers

SHED = """
import logging

logger = logging.getLogger(__name__)


class Door:
    def __init__(self, shed_password: str):
        self.shed_password = shed_password

    def open(self) -> None:
        logger.info("opens with %s", {one})

    def shut(self) -> None:
        logger.info("shuts with %s", {other})


class Gate:
    def __init__(self, shed_password: str):
        self.shed_password = shed_password

    def open(self, old_password: str, new_password: str) -> None:
        logger.info("changes %s", {third})
"""


@pytest.mark.parametrize(
    ("one", "other", "third", "found"),
    [
        ("self.shed_password", "self.shed_password", "1", [(12, 1)]),
        ("self.shed_password", "1", "self.shed_password", [(12, 0), (23, 0)]),
        ("1", "1", "old_password, new_password", [(23, 0)]),
    ],
)
def test_lines_about_one_secret_are_one_finding(
    tmp_path: Path, one: str, other: str, third: str, found: list[tuple[int, int]]
) -> None:
    (tmp_path / "shed.py").write_text(SHED.format(one=one, other=other, third=third))
    told = [f for f in check(read_project(tmp_path, (), (), noticers()), None) if f.code == "ERR008"]
    assert sorted((f.span.line, len(f.places)) for f in told) == found
