"""One password that the program is configured with is compared, a user's that is kept as typed is stored."""

from pathlib import Path

import pytest

from strop.project.read import read_project
from strop.rules.registry import check, noticers, rule

_SECRETS = rule("SEC012")
assert _SECRETS is not None
EXAMPLES = {e.name: e for e in _SECRETS.examples}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("passwords as they are typed", {"the password is stored as it is typed"}),
        ("the one password that the program is configured with: a note", {"password is compared with =="}),
    ],
)
def test_what_is_said(tmp_path: Path, name: str, said: set[str]) -> None:
    for file, text in EXAMPLES[name].files.items():
        (tmp_path / file).write_text(text)
    found = [f for f in check(read_project(tmp_path, (), (), noticers()), None) if f.code == "SEC012"]
    assert {f.message.partition(":")[0] for f in found} == said
    assert len(found) == EXAMPLES[name].files["main.py"].count("request.password !=")
