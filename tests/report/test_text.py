from __future__ import annotations

import pytest
from msgspec.structs import replace
from rich.console import Console
from syrupy.assertion import SnapshotAssertion

from strop.plan import Plan
from strop.problem import Problem
from strop.report import document, html, markdown, plan, problem, run, runs, text
from strop.report.runs import RunLine
from strop.verdict import Behaviour, Gain, Verdict
from tests.report.page import read_page
from tests.report.rendered import poison, print_with
from tests.report.sample import RESULT

REPORT = ".strop/runs/6f2c91/report.html"
FOUND = tuple(entry.finding for entry in RESULT.entries)


def summary(width: int, terminal: bool = True) -> str:
    return print_with(width, lambda console: text.write(RESULT, console, REPORT), terminal)


@pytest.mark.parametrize("width", [140, 100, 72])
def test_summary_in_a_terminal(width: int, snapshot: SnapshotAssertion) -> None:
    shown = summary(width)
    assert max(map(len, shown.splitlines())) <= width
    assert shown == snapshot


def test_summary_in_a_pipe_has_one_line_a_finding(snapshot: SnapshotAssertion) -> None:
    shown = summary(40, terminal=False)
    for entry in RESULT.entries:
        assert sum(line.split("  ")[1:2] == [entry.finding.id] for line in shown.splitlines()) == 1
    assert shown == snapshot


def test_summary_of_nothing_kept(snapshot: SnapshotAssertion) -> None:
    result = replace(RESULT, changes=(), final=None, verdict=None, branch="", choices=())
    assert print_with(100, lambda console: text.write(result, console, REPORT)) == snapshot


def test_summary_without_findings(snapshot: SnapshotAssertion) -> None:
    result = replace(RESULT, changes=(), proposals=(), choices=(), final=None, verdict=None, branch="")
    assert print_with(100, lambda console: text.write(result, console, REPORT)) == snapshot


def test_a_branch_that_differs_is_not_called_identical() -> None:
    difference = RESULT.proposals[0].attempts[0].verdict
    assert isinstance(difference, Verdict)
    bad = replace(difference, behaviour=Behaviour.DIFFERENT, cells=312)
    shown = print_with(140, lambda console: text.write(replace(RESULT, verdict=bad), console))
    assert "311 of 312 answers identical, 1 answer differs from the base" in shown


def test_commands_name_the_folder_where_they_would_not_find_it() -> None:
    shown = print_with(
        80, lambda console: text.write(RESULT, console, REPORT, "/srv/my shop"), terminal=False
    )
    last = shown.splitlines()[-1]
    assert "git -C '/srv/my shop' diff main..." in last
    assert last.endswith(f"strop show {RESULT.choices[0].finding.id} '/srv/my shop'")


def test_a_limit_is_said_once() -> None:
    twice = replace(RESULT, notes=("one limit", "one limit"))
    shown = print_with(80, lambda console: text.write(twice, console), terminal=False)
    assert shown.count("one limit") == 1


def test_every_format_tells_the_same_figures_and_the_price() -> None:
    assert RESULT.verdict
    price = Gain("rows", "rows", 1_000, 1_400, -0.4, 0.0)
    told = replace(RESULT, verdict=replace(RESULT.verdict, gains=(*RESULT.verdict.gains, price)))
    plain = print_with(80, lambda console: text.write(told, console), terminal=False)
    read = document.read(document.render(told))
    for figure in (*read.figures, *read.prices):
        for shown in (plain, markdown.render(told), read_page(html.render(told)).text.replace("\u00a0", " ")):
            assert figure.before in shown
            assert figure.after in shown
    assert [figure.change for figure in read.prices] == ["+40 %"]


def test_run(snapshot: SnapshotAssertion) -> None:
    assert print_with(120, lambda console: run.write(RESULT.base, FOUND, console)) == snapshot


def test_run_in_a_pipe(snapshot: SnapshotAssertion) -> None:
    assert print_with(40, lambda console: run.write(RESULT.base, FOUND, console), terminal=False) == snapshot


def test_run_as_json(snapshot: SnapshotAssertion) -> None:
    assert run.render_json(RESULT.base, FOUND[:1]) == snapshot


def make_plan() -> Plan:
    return Plan(RESULT.surface, RESULT.criteria, tuple(entry.item for entry in RESULT.entries))


def test_plan(snapshot: SnapshotAssertion) -> None:
    assert print_with(110, lambda console: plan.write(make_plan(), console)) == snapshot


def test_plan_in_a_pipe(snapshot: SnapshotAssertion) -> None:
    assert print_with(40, lambda console: plan.write(make_plan(), console), terminal=False) == snapshot


def test_plan_as_json(snapshot: SnapshotAssertion) -> None:
    assert plan.render_json(replace(make_plan(), items=make_plan().items[-1:])) == snapshot


RUNS = (
    RunLine("11aa02", "2026-11-20 18:02", "shop.main:app", "openapi", 31, 62),
    RunLine("6f2c91", "2026-11-21 03:10", "shop.main:app", "suite", 29, 312, REPORT),
)


def test_runs_are_listed_newest_first(snapshot: SnapshotAssertion) -> None:
    assert print_with(110, lambda console: runs.write(RUNS, console)) == snapshot


def test_runs_in_a_pipe_are_separated_by_tabs() -> None:
    shown = print_with(10, lambda console: runs.write(RUNS, console), terminal=False)
    first = shown.splitlines()[0]
    assert first.split("\t") == ["6f2c91", "2026-11-21 03:10", "shop.main:app", "suite", "29", "312", REPORT]


def test_runs_as_json(snapshot: SnapshotAssertion) -> None:
    assert runs.render_json(RUNS) == snapshot


def test_no_runs() -> None:
    assert print_with(80, lambda console: runs.write((), console)) == "no runs yet: strop measure\n"


PROBLEM = Problem(
    "T103",
    "the application could not be imported",
    where=(
        "app.main:app  ->  app/core/config.py:12  Settings()",
        "pydantic_core.ValidationError: 1 validation error for Settings: DATABASE_URL  Field required\n"
        "got postgresql://shop:canary@db/shop",
    ),
    do="put it in .env, or in [tool.strop.env] of pyproject.toml; a scratch SQLite URL is enough here",
)


def test_problem(snapshot: SnapshotAssertion) -> None:
    shown = problem.render(PROBLEM)
    assert "canary" not in shown
    assert shown == snapshot


def test_problem_as_json(snapshot: SnapshotAssertion) -> None:
    assert problem.render_json(PROBLEM) == snapshot


def test_markdown(snapshot: SnapshotAssertion) -> None:
    assert markdown.render(RESULT) == snapshot


@pytest.mark.parametrize("width", [140, 72])
@pytest.mark.parametrize(
    "evil", ["[bold red]x[/]", "[/nope]", "\x1b]0;title\x07\x1b[2J", "\u202e\u2066", "\r\b\b"]
)
def test_text_of_the_target_moves_no_cursor_and_is_no_markup(evil: str, width: int) -> None:
    def add(old: str) -> str:
        return f"{old}{evil}"

    writes = [
        lambda console: text.write(poison(RESULT, add), console),
        lambda console: run.write(poison(RESULT.base, add), poison(FOUND, add), console),
        lambda console: plan.write(poison(make_plan(), add), console),
    ]
    for write in writes:
        for terminal in (True, False):
            assert_harmless(print_with(width, write, terminal), evil)


def assert_harmless(shown: str, evil: str) -> None:
    assert not set(shown) & set("\x07\x08\r\u202e\u2066")
    assert "\x1b" not in shown  # colours are off, so there is no escape of our own
    if evil.startswith("["):
        assert evil.split()[0] in shown or evil in shown.replace("\n", "")


def test_problem_moves_no_cursor() -> None:
    shown = problem.render(Problem("T1", "a\x1b[2Jb", where=("\x1b[1m",), do="\x9b31m"))
    assert not set(shown) & set("\x1b\x9b")


def test_colours_are_only_for_terminals() -> None:
    def write(console: Console) -> None:
        text.write(RESULT, console)

    assert "\x1b" not in print_with(100, write, terminal=False)
