from __future__ import annotations

from msgspec.structs import replace

from strop.evidence import RouteCost
from strop.report.comparison import (
    RouteChange,
    compare_routes,
    factors,
    fixed,
    kind_of,
    open_metric,
    solved,
    unmoved,
)
from strop.report.headline import sentence
from strop.report.result import Proposed
from tests.report.sample import RESULT


def moved(queries: float, before: float, after: float, route: str = "GET /") -> RouteChange:
    def cost(number: float, cpu: float) -> RouteCost:
        return RouteCost(route, 1, number, int(number), 0, 0, cpu, 0, 0, 0, 0, 0, 0.1)

    return RouteChange(cost(3, before), cost(queries, after))


def test_times_are_told_apart_only_beyond_what_unchanged_routes_show() -> None:
    still = [moved(3, 100, after) for after in (100, 90, 120, 150, 80, 140)]
    factor = factors([*still, moved(1, 100, 20)])
    assert factor["queries"] == 1.05
    assert factor["cpu"] == 1.4
    assert kind_of(100, 130, factor["cpu"]) == "same"
    assert kind_of(100, 150, factor["cpu"]) == "worse"
    assert kind_of(100, 20, factor["cpu"]) == "better"


def test_without_unchanged_routes_a_quarter_is_doubted() -> None:
    assert factors([moved(1, 100, 50)])["cpu"] == 1.25


def test_from_nothing_to_something_is_worse_and_unknown_is_the_same() -> None:
    assert kind_of(0, 2, 1.05) == "worse"
    assert kind_of(0, 0, 1.05) == "same"
    assert kind_of(5, None, 1.05) == "same"


def test_a_metric_that_has_no_chart_is_not_opened() -> None:
    assert open_metric("rows", ["queries", "rows"]) == "rows"
    assert open_metric("loop", ["queries", "rows"]) == "queries"
    assert open_metric("rows", []) == ""


def test_a_finding_whose_own_routes_cost_as_before_is_not_called_fixed() -> None:
    change = RESULT.changes[0]
    routes = {c.route: c for c in compare_routes(RESULT)}
    assert unmoved(change, routes) == ""
    final = replace(RESULT, final=RESULT.base)
    same = {c.route: c for c in compare_routes(final)}
    assert unmoved(change, same).endswith(" queries as before")
    before = int(sentence(RESULT).split()[0])
    assert int(sentence(final).split()[0]) < before


def test_a_finding_that_another_change_solves_is_called_fixed() -> None:
    change = RESULT.changes[0]
    stays = Proposed(change.item, "needless beside the other changes")
    moved_there = replace(RESULT, changes=RESULT.changes[1:], proposals=(*RESULT.proposals, stays))
    compared = {c.route: c for c in compare_routes(moved_there)}
    assert solved(stays, compared).endswith("after")
    assert fixed(moved_there) == fixed(RESULT)
    as_before = {c.route: c for c in compare_routes(replace(moved_there, final=RESULT.base))}
    assert solved(stays, as_before) == ""
