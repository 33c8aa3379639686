"""What is committed for hooks and CI servers calls options that there are, and its YAML is what they read."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
import yaml

from strop.actions.explain import ExplainRequest, Precision, explain, read_precision
from strop.faces.cli.review import command
from tests.cli.test_start import complete

ROOT = Path(__file__).parents[2]
CALLING = (".pre-commit-hooks.yaml", "action.yml", "docs/review.md", "README.md")


@pytest.mark.parametrize("name", CALLING)
def test_every_option_of_review_that_is_written_down_exists(name: str) -> None:
    known = {option for parameter in command.params for option in parameter.opts}
    calls = re.findall(r"strop review((?:[ =]+[^\s`|)]+)*)", (ROOT / name).read_text("utf-8"))
    used = {option for call in calls for option in re.findall(r"--[a-z-]+", call)}
    assert used <= known
    assert used or name == "README.md"


def test_hooks_have_what_pre_commit_needs() -> None:
    for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text()):
        assert {"id", "name", "entry", "language"} <= set(hook)
        assert hook["pass_filenames"] is False  # files alone would lose what lies between them and the routes


def test_the_action_keeps_the_status_and_takes_no_input_into_a_shell() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text())
    assert action["runs"]["using"] == "composite"
    for step in action["runs"]["steps"]:
        assert "${{" not in step.get("run", "")
    assert action["runs"]["steps"][-1]["run"] == 'exit "$STATUS"'


def test_completion_knows_options_and_words_of_review(tmp_path: Path) -> None:
    assert "--staged" in complete(tmp_path, "strop review --st")
    assert complete(tmp_path, "strop review --only blocking") == ["blocking-call"]
    assert "note,ASY001" in complete(tmp_path, "strop review --ignore note,ASY0")


def test_measured_precision_is_for_rules_that_exist() -> None:
    for code, precision in read_precision().items():
        (page,) = explain(ExplainRequest(code))
        assert page.precision == precision
        assert precision.judged > 0


def test_precision_counts_what_was_judged() -> None:
    assert Precision(3, 1, 1).judged == 5


def test_the_group_lists_review() -> None:
    from strop.faces.cli.main import group

    assert "review" in group.list_commands(click.Context(group))
