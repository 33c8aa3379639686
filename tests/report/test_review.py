"""Every format of `strop review`: the whole output, what its readers demand, and what a hostile tree can do in it."""

from __future__ import annotations

import io
import json
import re
from importlib import import_module
from typing import Any
from xml.etree import ElementTree

import pytest
from msgspec.structs import replace
from syrupy.assertion import SnapshotAssertion

from strop.report.review import document, github, gitlab, junit, markdown, sarif, text
from strop.report.review.result import Review
from tests.report.rendered import poison
from tests.report.review_sample import REVIEW

SARIF = import_module(
    "pydantic_sarif.model"
).StaticAnalysisResultsFormatSarifVersion210JsonSchema  # has no types
EMPTY = Review(routes=3, files=4, resolved=0, calls=0, strop="0.0.0")
RENDERERS = {
    "json": document.render,
    "sarif": sarif.render,
    "github": github.render,
    "gitlab": gitlab.render,
    "junit": junit.render,
    "markdown": markdown.render,
}
EVIL = "\x1b]0;t\x07\x1b[2J\u202e\r\b[bold]</b>```|`<!-- & \x00 ::error::x %0A"


def write(review: Review, colours: bool = False, seconds: float | None = None) -> str:
    out = io.StringIO()
    text.write(review, out, colours, seconds)
    return out.getvalue()


def test_text(snapshot: SnapshotAssertion) -> None:
    assert write(REVIEW) == snapshot


def test_a_terminal_gets_the_same_text_in_colours_and_the_time() -> None:
    coloured = write(REVIEW, colours=True, seconds=0.42)
    assert "\x1b[1;31merror[ASY001]\x1b[0m" in coloured
    plain = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    bare = "".join(f"{line.rstrip()}\n" for line in plain.splitlines())
    assert bare == write(REVIEW, seconds=0.42)
    assert bare.rstrip().endswith("0.4 s")


@pytest.mark.parametrize("form", RENDERERS)
def test_format(form: str, snapshot: SnapshotAssertion) -> None:
    review = replace(REVIEW, rules=tuple(replace(card, page=f"{card.title}.") for card in REVIEW.rules))
    assert RENDERERS[form](review) == snapshot


@pytest.mark.parametrize("form", RENDERERS)
def test_nothing_found(form: str, snapshot: SnapshotAssertion) -> None:
    assert RENDERERS[form](EMPTY) == snapshot


def test_nothing_found_as_text() -> None:
    assert write(EMPTY) == "no findings in 3 routes · 4 files\n"


def read_sarif(review: Review) -> dict[str, Any]:
    rendered = sarif.render(review)
    SARIF.model_validate_json(rendered)
    run: dict[str, Any] = json.loads(rendered)["runs"][0]
    return run


@pytest.mark.parametrize(
    "review", [REVIEW, EMPTY, poison(REVIEW, lambda old: f"{old}{EVIL}")], ids=["all", "none", "evil"]
)
def test_sarif_is_what_its_schema_says(review: Review) -> None:
    run = read_sarif(review)
    rules = run["tool"]["driver"]["rules"]
    for result in run["results"]:
        assert (
            rules[result["ruleIndex"]]["id"] == result["ruleId"]
            if "ruleIndex" in result
            else review is not REVIEW
        )
        for location in result["locations"]:
            uri = location["physicalLocation"]["artifactLocation"]["uri"]
            assert re.fullmatch(r"[A-Za-z0-9%/._~-]+", uri)


def test_sarif_tells_the_chain_and_keeps_what_is_hidden() -> None:
    run = read_sarif(REVIEW)
    first, *_, by_comment, by_baseline = run["results"]
    steps = first["codeFlows"][0]["threadFlows"][0]["locations"]
    assert [step["location"]["message"]["text"] for step in steps] == [
        s.text for s in REVIEW.entries[0].finding.chain
    ]
    assert by_comment["suppressions"] == [{"kind": "inSource", "justification": "fifty rows at most"}]
    assert by_baseline["suppressions"] == [{"kind": "external", "justification": "known before"}]
    assert not any(result.get("suppressions") for result in run["results"][:3])
    assert run["invocations"][0]["executionSuccessful"] is False


def test_every_format_but_markdown_and_text_names_what_was_not_read() -> None:
    for form, render in RENDERERS.items():
        assert "broken.py" in render(REVIEW), form
    assert "broken.py" in write(REVIEW)


def test_github_takes_each_finding_for_one_command() -> None:
    lines = github.render(poison(REVIEW, lambda old: f"{old}\n{EVIL}")).splitlines()
    commands = [line for line in lines if line.startswith("::")]
    assert len(commands) == len(REVIEW.entries) + len(REVIEW.unread) + len(REVIEW.notes)
    for command in commands[: len(REVIEW.entries)]:
        properties = command.split("::")[1].partition(" ")[2]
        assert [part.partition("=")[0] for part in properties.split(",")] == [
            "file",
            "line",
            "endLine",
            "title",
        ]


def test_gitlab_has_the_keys_that_it_needs_and_each_fingerprint_once() -> None:
    found = json.loads(gitlab.render(REVIEW))
    assert {frozenset(entry) for entry in found} == {
        frozenset({"description", "check_name", "fingerprint", "severity", "location"})
    }
    assert {entry["severity"] for entry in found} <= {"info", "minor", "major", "critical", "blocker"}
    assert len({entry["fingerprint"] for entry in found}) == len(found)
    assert found[0]["location"] == {"path": "backend/app/services/assets.py", "lines": {"begin": 9, "end": 9}}


@pytest.mark.parametrize(
    "review", [REVIEW, EMPTY, poison(REVIEW, lambda old: f"{old}{EVIL}")], ids=["all", "none", "evil"]
)
def test_junit_is_xml_whose_numbers_are_right(review: Review) -> None:
    root = ElementTree.fromstring(junit.render(review))
    for element in (root, root[0]):
        assert int(element.attrib["tests"]) == len(root.findall(".//testcase"))
        assert int(element.attrib["failures"]) == len(root.findall(".//failure")) == len(review.entries)
        assert int(element.attrib["errors"]) == len(root.findall(".//error"))
        assert int(element.attrib["skipped"]) == len(root.findall(".//skipped"))


@pytest.mark.parametrize("form", ["text", *RENDERERS])
def test_no_secret_and_no_deceiving_character_leaves(form: str) -> None:
    secret = "password = 'canary-in-the-mine'"
    review = poison(REVIEW, lambda old: f"{old}{EVIL} {secret}")
    shown = write(review) if form == "text" else RENDERERS[form](review)
    assert "canary" not in shown
    assert not re.search("[\x00\x07\x08\x1b\u202e]", shown)


def test_markdown_cannot_be_broken_out_of() -> None:
    shown = markdown.render(poison(REVIEW, lambda old: f"{old}{EVIL}"))
    assert shown.count("<details>") == shown.count("</details>") == len(REVIEW.entries)
    outside = re.sub(r"(`{3,})text\n.*?\n\1\n", "", shown, flags=re.S)
    assert not re.search(r"(?<!\\)<!--", outside)
