"""Every example of every rule, played: a bad one is found, a good look-alike is left alone."""

from pathlib import Path

import pytest

from strop.rules.example import Example
from strop.rules.registry import Registered, check, rules
from tests.rules.play import play

CASES = [
    (registered, example) for registered in rules() for example in registered.examples if example.requests
]


@pytest.mark.parametrize(
    ("registered", "example"), CASES, ids=[f"{r.rule.code}-{e.name}".replace(" ", "-") for r, e in CASES]
)
def test_example(registered: Registered, example: Example, tmp_path: Path) -> None:
    project, evidence = play(example, tmp_path)
    refused = [e for e in evidence.exchanges if e.status >= 400]
    assert not refused, f"the example itself answers {refused[0].status} to {refused[0].path}"
    every = check(project, evidence)
    found = [f for f in every if f.code == registered.rule.code]
    assert bool(found) == example.bad, [f"{f.code} {f.message}" for f in found or every]


@pytest.mark.parametrize("registered", rules(), ids=lambda r: r.rule.code)
def test_a_rule_brings_a_page_and_both_kinds_of_examples(registered: Registered) -> None:
    assert {example.bad for example in registered.examples} == {True, False}
    for heading in ("What.", "Why it costs.", "How it is found.", "How to fix it.", "When it is no problem."):
        assert f"**{heading}**" in registered.page
    assert "https://" in registered.page.partition("**Sources.**")[2]
