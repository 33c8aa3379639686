"""Which way out SEC004 names: a text that is looked for is escaped, an expression that is meant needs another engine."""

from pathlib import Path

import pytest

from strop.project.read import read_project
from strop.rules.registry import check, noticers, rules


@pytest.mark.parametrize(
    ("name", "severity", "way_out"),
    [
        ("a search that is a pattern", "warning", "re.escape"),
        ("an expression by contract, put to texts of any length", "warning", "re2"),
        ("an expression by contract, put to addresses: a note", "note", "re2"),
    ],
)
def test_escaping_is_no_advice_where_expressions_are_meant(
    name: str, severity: str, way_out: str, tmp_path: Path
) -> None:
    example = next(e for r in rules() if r.rule.code == "SEC004" for e in r.examples if e.name == name)
    for file, text in example.files.items():
        (tmp_path / file).write_text(text)
    found = [f for f in check(read_project(tmp_path, (), (), noticers()), None) if f.code == "SEC004"]
    assert [(f.severity, way_out in f.solution) for f in found] == [(severity, True)]
