"""What lies beside the product is told as a note."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from strop.project.read import read_project
from strop.rules.registry import check, noticers, rule
from strop.rules.shown import noted
from strop.span import Span


@pytest.mark.parametrize(
    ("file", "severity"),
    [
        ("cypress/e2e/login/main.py", "note"),
        ("web/cypress/app.py", "note"),
        ("e2e/server.py", "note"),
        ("tests/browser/e2e/server.py", "note"),
        ("playwright-tests/server.py", "note"),
        ("app/e2e/keys.py", "error"),
        ("app/scrapers/playwright/page.py", "error"),
        ("app/main.py", "error"),
    ],
)
def test_applications_of_browser_tests(tmp_path: Path, file: str, severity: str) -> None:
    found = rule("API001")
    assert found is not None
    example = next(e for e in found.examples if e.bad)
    for name, text in example.files.items():
        (tmp_path / name).write_text(text)
    every = check(read_project(tmp_path, (), (), noticers()), None)
    one = next(f for f in every if f.code == "API001")
    assert noted([replace(one, span=Span(file, 1))])[0].severity == severity
