"""Every example of every static rule, read and not run: a bad one is found, a good look-alike is left alone."""

from pathlib import Path

import pytest

from strop.project.read import read_project
from strop.rules.example import Example
from strop.rules.registry import Registered, check, noticers, rules

CASES = [
    (r, example)
    for r in rules()
    if r.weigh is None
    for example in r.examples
    if r.rule.static or not example.requests  # what a measured rule says of the source alone
]


@pytest.mark.parametrize(
    ("registered", "example"), CASES, ids=[f"{r.rule.code}-{e.name}".replace(" ", "-") for r, e in CASES]
)
def test_example(registered: Registered, example: Example, tmp_path: Path) -> None:
    for name, text in example.files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    every = check(read_project(tmp_path, (), (), noticers()), None)
    found = [f for f in every if f.code == registered.rule.code]
    assert bool(found) == example.bad, [f"{f.code} {f.message}" for f in found or every]
    assert all(f.span.file in example.files for f in found)
    assert not example.name.endswith(": a note") or {f.severity for f in found} == {"note"}
    said_softly = (
        example.name.endswith(": a note") or registered.rule.severity == "note" or not registered.rule.static
    )
    assert not found or said_softly or {f.severity for f in found} != {"note"}
