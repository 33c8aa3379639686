import pytest
from msgspec.structs import replace

from strop.evidence import RouteCost
from strop.finding import Cost
from strop.plan import Plan
from strop.rules.merge import merge
from strop.rules.plan import plan
from strop.rules.registry import Registered, rule, rules
from strop.rules.wording import listed, many, number, time
from strop.span import Span
from tests.rules import made


def test_items_come_by_measured_cost_and_the_surface_is_what_costs_most() -> None:
    findings = [
        made.finding("DB008", total=100, routes=("GET /small",)),
        made.finding("DB001", total=9_900, routes=("GET /orders",), relationship="Order.items"),
        made.finding("ASY002", routes=("POST /login",)),
    ]
    made_plan = plan(made.project(), findings)
    assert [item.finding.code for item in made_plan.items] == ["DB001", "DB008", "ASY002"]
    assert made_plan.surface == "GET /orders takes 99 % of the 10 ms that the findings cost in the run"


def test_the_surface_is_where_the_routes_of_a_finding_cost() -> None:
    found = made.finding("DB003", total=10_000, routes=("DELETE /spool", "GET /spool"))
    costs = [
        RouteCost(route, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, share)
        for route, share in (("DELETE /spool", 0.02), ("GET /spool", 0.38), ("GET /other", 0.6))
    ]
    assert plan(made.project(), [found], costs).surface.startswith("GET /spool takes 95 % of the 10 ms")


def test_what_clients_can_see_is_the_users_choice() -> None:
    items = plan(made.project(), [made.finding("DB008", total=1), made.finding("DB001", total=2)]).items
    assert [(i.finding.code, i.choice) for i in items] == [("DB001", False), ("DB008", True)]
    assert {o.compatibility for o in items[1].options} >= {"breaking"}


@pytest.mark.parametrize("registered", rules(), ids=lambda r: r.rule.code)
def test_every_code_has_one_to_three_options_and_every_text(registered: Registered) -> None:
    found = replace(made.finding(registered.rule.code, total=5), cost=Cost(1, 2, 3, 4, 5, 6))
    (item,) = plan(made.project(), [found]).items
    assert 1 <= len(item.options) <= 3
    assert all((item.problem, item.impact, item.solution, item.risk, item.validation, item.rollback))
    assert all(option.title for option in item.options)


def test_nothing_found() -> None:
    assert plan(made.project(), []) == Plan(
        "nothing found", "less work on these routes; every answer and every row unchanged", ()
    )


def test_one_cause_is_said_by_the_rule_that_names_it_best() -> None:
    handler = "shop/api.py:list_orders"
    better = made.finding("ASY003", function=handler)
    worse = made.finding("ASY001", function=handler, handler=handler)
    other = made.finding("ASY001", function="x.py:f", handler="x.py:dependency")
    assert merge([worse, better, other, better]) == (better, other)
    counted, listed_ = made.finding("DB006"), made.finding("DB008")
    elsewhere = made.finding("DB008", Span("shop/other.py", 3))
    assert merge([listed_, counted, elsewhere]) == (counted, elsewhere)
    joined = made.finding("DB003", relationships="Order.items,Order.tags")
    unused = made.finding("DB004", relationship="Order.items")
    assert merge([unused, joined, made.finding("DB004", relationship="Order.payments")])[0] == joined


def test_a_turn_that_commits_is_one_cause_until_a_run_tells_what_each_statement_costs() -> None:
    file, line = "shop/api.py", "7"
    commits = made.finding("DB007", loop_file=file, loop_line=line)
    asks = made.finding("DB002", loop_file=file, loop_line=line)
    measured = made.finding("DB002", total=9, loop_file=file, loop_line=line)
    assert merge([asks, commits]) == (commits,)
    elsewhere = made.finding("DB002", loop_file="shop/api.py", loop_line="70")
    assert merge([elsewhere, commits]) == (elsewhere, commits)
    assert merge([measured, commits]) == (measured, commits)


def test_codes_are_unique_and_found_by_code_and_slug() -> None:
    every = rules()
    assert len({r.rule.code for r in every}) == len({r.rule.slug for r in every}) == len(every)
    assert rule("db001") == rule("lazy-load") is not None
    assert rule("DB999") is None


@pytest.mark.parametrize(
    ("value", "text"), [(840, "840 µs"), (4200, "4.2 ms"), (61_000, "61 ms"), (1_700_000, "1.7 s")]
)
def test_times_have_the_unit_that_a_person_would_use(value: float, text: str) -> None:
    assert time(value) == text


def test_counts() -> None:
    assert (number(29160.4), number(2.5), number(3.01)) == ("29,160", "2.5", "3")
    assert (many(1, "query", "queries"), many(201, "query", "queries")) == ("1 query", "201 queries")
    assert [listed(["a", "b", "c", "d", "e"][:n]) for n in (0, 1, 2, 3, 5)] == [
        "", "a", "a and b", "a, b and c", "a, b, c and 2 more",
    ]  # fmt: skip
