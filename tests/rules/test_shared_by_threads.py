"""A handler that sets what the whole process shares is not told to become `def` without a lock."""

from __future__ import annotations

from pathlib import Path

import pytest

from strop.project.read import read_project
from strop.rules.concurrency.async_without_await import EXAMPLES
from strop.rules.registry import check, noticers


@pytest.mark.parametrize(
    ("name", "lock"), [("sets what all requests share", True), ("a synchronous session", False)]
)
def test_advice(tmp_path: Path, name: str, lock: bool) -> None:
    (example,) = (e for e in EXAMPLES if e.name == name)
    for file, text in example.files.items():
        (tmp_path / file).write_text(text)
    found = check(read_project(tmp_path, (), (), noticers()), None)
    (advice,) = (f.solution for f in found if f.code == "ASY003")
    assert ("Lock" in advice) == lock
    assert ("printer.tray" in advice) == lock
