from __future__ import annotations

import base64
import hashlib
import re

import pytest
from msgspec.structs import replace

from strop.report import html
from strop.report.result import Result
from strop.verdict import Behaviour
from tests.report.page import read_page
from tests.report.rendered import poison
from tests.report.sample import RESULT

EVIL = (
    "</script><img onerror=alert(1) src=x>",
    "</style><script>alert(1)</script>",
    "\" autofocus onfocus=alert(1) x=\"' onclick='alert(1)",
    "</title></svg><a href=javascript:alert(1)>",
    "{{ 7 * 7 }}{% raw %}",
    "<!--",
    "]]>&lt;b&gt;",
)


def make_variants() -> dict[str, Result]:
    nothing = replace(RESULT, changes=(), final=None, verdict=None, branch="")
    return {
        "sample": RESULT,
        "nothing kept": nothing,
        "no findings": replace(nothing, proposals=(), choices=()),
        "no exchanges": replace(RESULT, base=replace(RESULT.base, exchanges=())),
        "no latencies": replace(RESULT, base=replace(RESULT.base, latencies=())),
        "no routes": replace(RESULT, base=replace(RESULT.base, routes=(), exchanges=(), latencies=())),
    }


VARIANTS = make_variants()


@pytest.mark.parametrize("name", VARIANTS)
def test_the_page_is_well_formed_and_points_at_itself(name: str) -> None:
    page = read_page(html.render(VARIANTS[name]))
    assert page.errors == []
    assert sorted(page.ids) == sorted(set(page.ids))
    assert set(page.references) <= set(page.ids)
    for _, address in page.addresses:
        assert address.startswith("#")
        assert address[1:] in page.ids
    assert page.tags.count("h1") == 1
    assert page.handlers == []


@pytest.mark.parametrize("name", VARIANTS)
def test_nothing_is_loaded(name: str) -> None:
    shown = html.render(VARIANTS[name])
    page = read_page(shown)
    assert not set(page.tags) & {"img", "link", "iframe", "object", "embed", "base", "form", "video", "audio"}
    for block in re.findall(r"(?s)<(?:style|script)>(.*?)</(?:style|script)>", shown):
        assert not re.search(r"https?:|url\(|@import|fetch\(|XMLHttpRequest|import\(|sendBeacon", block)


def test_only_the_hashed_style_and_script_may_run() -> None:
    shown = html.render(RESULT)
    policy = re.search(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', shown)
    assert policy
    assert "default-src &#39;none&#39;" in policy[1] or "default-src 'none'" in policy[1]
    assert "unsafe" not in policy[1]
    for kind in ("style", "script"):
        blocks = re.findall(rf"(?s)<{kind}>(.*?)</{kind}>", shown)
        assert len(blocks) == 1
        digest = base64.b64encode(hashlib.sha256(blocks[0].encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy[1].replace("&#39;", "'")


@pytest.mark.parametrize("evil", EVIL)
def test_text_of_the_target_is_text(evil: str) -> None:
    plain = read_page(html.render(RESULT))
    page = read_page(html.render(poison(RESULT, lambda old: f"{old} {evil}")))
    assert page.errors == []
    assert page.handlers == []
    assert set(page.tags) == set(plain.tags)
    for tag in ("script", "style", "svg", "article", "section", "a", "button"):
        assert page.tags.count(tag) == plain.tags.count(tag)
    assert evil in page.text


@pytest.mark.parametrize("evil", EVIL)
def test_an_address_can_not_be_made_of_text(evil: str) -> None:
    page = read_page(html.render(poison(RESULT, lambda _: evil)))
    assert page.errors == []
    assert page.handlers == []
    assert all(address.startswith("#") for _, address in page.addresses)


ORDER = (
    "Surface",
    "Before you read the numbers",
    "312 of 312",
    "Constraints",
    "Routes, before and after",
    "Findings and changes",
    "A box is ticked by its command",
    "Next, and risks",
)


def test_the_order_is_that_of_the_design_with_limits_before_the_numbers() -> None:
    text = read_page(html.render(RESULT)).text
    places = [text.index(part) for part in ORDER]
    assert places == sorted(places)


def test_what_is_not_proved_stands_beside_its_claim() -> None:
    shown = html.render(RESULT)
    login = RESULT.changes[1]
    card = shown[shown.index(f'id="{login.finding.id}"') :]
    assert login.verdict.unproved[0] in read_page(card[: card.index("</article>")]).text
    beside = shown[shown.index('id="unproved"') : shown.index('id="routes"')]
    said = (*RESULT.verdict.unproved, *RESULT.unproved) if RESULT.verdict else ()
    assert said
    assert all(beside.count(text) == 1 for text in said)


def test_every_finding_has_its_card_and_every_commit_its_undo() -> None:
    shown = html.render(RESULT)
    page = read_page(shown)
    assert {entry.finding.id for entry in RESULT.entries} <= set(page.ids)
    for change in RESULT.changes:
        assert f'data-copy="git revert {change.commit}"' in shown


def test_the_chart_opens_with_the_metric_of_the_headline() -> None:
    assert RESULT.verdict
    rows = [gain for gain in RESULT.verdict.gains if gain.name != "queries"]
    for gains, opened in ((RESULT.verdict.gains, "queries"), ((), "queries"), (rows, "rows")):
        shown = html.render(replace(RESULT, verdict=replace(RESULT.verdict, gains=tuple(gains))))
        assert re.findall(r'id="metric-(\w+)" checked', shown) == [opened]


def test_the_test_of_a_change_is_folded_below_it() -> None:
    change = RESULT.changes[0]
    name = change.patch.tests[0].file
    test = f"--- /dev/null\n+++ b/{name}\n@@ -0,0 +1 @@\n+assert True\n"
    result = replace(RESULT, changes=(replace(change, diff=change.diff + test), *RESULT.changes[1:]))
    card = html.render(result).partition(f'id="{change.finding.id}"')[2].partition("</article>")[0]
    code, _, folded = card.partition('<details class="tests">')
    assert name not in code
    assert name in folded


def test_charts_have_names_for_who_can_not_see_them() -> None:
    shown = html.render(RESULT)
    pictures = re.findall(r"<svg [^>]*>", shown)
    assert all('role="img"' in p and ("aria-labelledby" in p or "aria-label" in p) for p in pictures)


def test_a_branch_that_differs_is_red_and_no_gain_hides_it() -> None:
    assert RESULT.verdict
    bad = replace(RESULT, verdict=replace(RESULT.verdict, behaviour=Behaviour.DIFFERENT, kept=False))
    shown = html.render(bad)
    assert 'class="figure same bad"' in shown
    assert "the branch as a whole is DIFFERENT" in read_page(shown).text


def make_many(number: int) -> Result:
    changes = []
    for index in range(number):
        change = RESULT.changes[index % len(RESULT.changes)]
        finding = replace(change.finding, facts=(("number", str(index)),))
        changes.append(replace(change, item=replace(change.item, finding=finding)))
    return replace(RESULT, changes=tuple(changes))


def test_three_hundred_findings_stay_under_a_megabyte() -> None:
    shown = html.render(make_many(300))
    page = read_page(shown)
    assert len(shown.encode()) < 1_000_000
    assert page.errors == []
    cards = shown.count("<article")
    assert 40 < cards < 302
    assert f"{302 - cards} more in the JSON" in page.text


def test_one_huge_diff_is_cut() -> None:
    change = RESULT.changes[0]
    diff = change.diff + "".join(f"+    line_{number} = {'x' * 1_000}\n" for number in range(20_000))
    shown = html.render(replace(RESULT, changes=(replace(change, diff=diff), *RESULT.changes[1:])))
    assert len(shown.encode()) < 1_000_000
    assert "more lines in the commit" in shown


def test_secrets_of_exchanges_and_source_are_gone() -> None:
    assert "canary" not in html.render(RESULT)
    assert html.render(RESULT).count("[redacted]") >= 2


def test_the_same_result_gives_the_same_page() -> None:
    assert html.render(RESULT) == html.render(RESULT)
