"""What a caller passes decides whether a line of the function that it calls is come to."""

from pathlib import Path

import pytest

from strop.project.read import read_project
from strop.rules.passed import is_kept_away

CALLED = """
def find(key, session=None, totals=False, names=None):
    {}


def read(keys, session, names):
    return [{} for key in keys]


def ask(key):
    return key
"""


@pytest.mark.parametrize(
    ("body", "call", "kept"),
    [
        ("if session is None:\n        return ask(key)", "find(key, session)", True),
        ("if session is None:\n        return ask(key)", "find(key, None)", False),
        ("if session is None:\n        return ask(key)", "find(key)", False),
        ("if not names and key:\n        return ask(key)", "find(key, names=names)", True),
        ("names = names or ask(key)", "find(key, names=names)", True),
        (
            "if session is not None:\n        return 1\n    return ask(key)",
            "find(key, session=session)",
            True,
        ),
        ("if names is not None:\n        pass\n    else:\n        ask(key)", "find(key, names=names)", True),
        ("if totals:\n        ask(key)", "find(key, totals=False)", True),
        ("if totals:\n        ask(key)", "find(key)", True),
        ("if totals:\n        ask(key)", "find(key, totals=True)", False),
        ("return ask(key)", "find(key, session)", False),
    ],
)
def test_what_is_passed_keeps_a_caller_away(body: str, call: str, kept: bool, tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(
        "from fastapi import FastAPI\n\napp = FastAPI()\n" + CALLED.format(body, call)
    )
    project = read_project(tmp_path)
    caller, called = (project.source.functions[f"main.py:{name}"] for name in ("read", "find"))
    outer = next(c for c in caller.calls if c.target == called.id)
    inner = next(c for c in called.calls if c.target.endswith(":ask"))
    assert is_kept_away(project, caller, outer, inner.span.line) == kept
