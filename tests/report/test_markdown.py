from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from strop.report import markdown
from tests.report.rendered import poison
from tests.report.sample import RESULT

ORDER = (
    "**Surface**",
    "**Before you read the numbers**",
    "## Constraints",
    "## Invariants",
    "## Non-goals",
    "## Findings and changes",
    "## Acceptance",
    "## Next, and risks",
    "## Not proved",
)


def test_the_order_is_that_of_the_design() -> None:
    shown = markdown.render(RESULT)
    places = [shown.index(heading) for heading in ORDER]
    assert places == sorted(places)


def test_every_change_has_a_diff_and_a_range_of_lines() -> None:
    parts = markdown.render(RESULT).split("\n### ")[1:]
    assert len(parts) == len(RESULT.entries)
    for part, change in zip(parts, RESULT.changes, strict=False):
        assert "```diff" in part
        assert change.excerpt
        assert re.search(rf"`{re.escape(change.excerpt.file)}:\d+-\d+`", part)
        assert f"`git revert {change.commit}`" in part


def test_boxes_are_bound_to_commands() -> None:
    boxes = re.findall(r"^- \[[ x]\] .*: `.+`$", markdown.render(RESULT), re.M)
    assert len(boxes) == len(RESULT.acceptance)


def test_three_follow_ups_at_most() -> None:
    many = replace(RESULT, followups=tuple(f"follow-up number {n}" for n in range(9)))
    assert markdown.render(many).count("follow-up number") == 3


def test_a_big_report_fits_into_a_pull_request() -> None:
    many = replace(RESULT, changes=RESULT.changes * 43)
    shown = markdown.render(many)
    assert len(shown) < 65_536
    left = re.search(r"^(\d+) more findings in the JSON", shown, re.M)
    assert left
    assert shown.count("\n### ") + int(left[1]) == len(many.entries)
    assert "## Not proved" in shown


def test_hostile_text_is_no_markup() -> None:
    evil = (
        "</details><img src=x onerror=alert(1)> ![x](http://e.example/p.png) @maintainer #1 ````\n# head | a"
    )
    shown = markdown.render(poison(RESULT, lambda old: f"{old} {evil}"))
    prose = remove_code(shown)
    assert "<img" not in prose
    assert "![x]" not in prose
    assert "http://" not in prose
    assert not re.search(r"@maintainer|#1\b|\n# head", prose)


def remove_code(text: str) -> str:
    text = re.sub(r"(?ms)^(`{3,})\w*\n.*?^\1$", "", text)
    return re.sub(r"(?s)(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)", "", text)


@given(st.text())
def test_a_code_span_is_closed_by_its_own_fence_alone(text: str) -> None:
    shown = markdown.code(text)
    fence = re.match("`+", shown)
    assert fence
    inner = shown[len(fence[0]) : -len(fence[0])]
    assert shown.endswith(fence[0])
    assert fence[0] not in re.findall("`+", inner)
    assert "\n" not in shown


@given(st.text())
def test_escaped_text_stays_on_one_line_without_html(text: str) -> None:
    shown = markdown.escape(text)
    assert "\n" not in shown
    assert "<" not in shown
    assert ">" not in shown
