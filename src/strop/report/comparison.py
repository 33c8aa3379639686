"""How did each route change between the base and the branch? Joined by route, the dearest first."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from msgspec import Struct

from strop.evidence import Evidence, RouteCost
from strop.finding import Finding
from strop.report.quantity import count
from strop.report.result import Change, Proposed, Result


class RouteChange(Struct, frozen=True):
    """One route's means per request before and after; `p95` in us, 0 where no latency was measured."""

    before: RouteCost
    after: RouteCost | None
    p95_before: int = 0
    p95_after: int = 0

    @property
    def route(self) -> str:
        """Method and path template."""
        return self.before.route


class Metric(Struct, frozen=True):
    """Something that is compared per route: its key, its name for people, and its unit."""

    key: str
    name: str
    unit: str


SAME = 1.05  # a count that moved by a smaller factor is shown as unchanged
DOUBTFUL = 1.25  # a time that did, where nothing tells how much times move by themselves
CLEAR = 2.0  # a latency that moved by less does not stand out of a shared machine
CONTROLS, SHARE = 5, 0.8  # so many routes with unchanged counts tell it: what this share of them stays below

METRICS = (
    Metric("queries", "Queries", ""),
    Metric("rows", "Rows", ""),
    Metric("cpu", "CPU", "us"),
    Metric("p95", "p95", "us"),
)


def compare_routes(result: Result) -> tuple[RouteChange, ...]:
    """Every route of the base with its cost on the branch, by its share of the measured cost."""
    after = {cost.route: cost for cost in result.final.routes} if result.final else {}
    before_p95, after_p95 = _p95(result.base), _p95(result.final)
    joined = (
        RouteChange(cost, after.get(cost.route), before_p95.get(cost.route, 0), after_p95.get(cost.route, 0))
        for cost in result.base.routes
    )
    return tuple(sorted(joined, key=lambda change: (-change.before.share, change.route)))


def unmoved(change: Change, routes: Mapping[str, RouteChange]) -> str:
    """What its routes still cost on the finished branch, where that is as much as before; "" otherwise.

    A patch is judged alone, on every request that runs a line of it: the branch tells whether the finding's
    own routes gained.
    """
    key, before, after = _on_branch(change.finding, routes)
    return f"{count(after)} {key} as before" if before and after * SAME >= before else ""


def solved(stays: Proposed, routes: Mapping[str, RouteChange]) -> str:
    """What its routes cost before and after, where another change took at least half of it; "" otherwise."""
    key, before, after = _on_branch(stays.finding, routes)
    return f"{count(before)} {key} before and {count(after)} after" if before and after * 2 <= before else ""


def fixed(result: Result) -> int:
    """How many findings no longer cost what they did, on the finished branch."""
    routes = {change.route: change for change in compare_routes(result)}
    kept = sum(not unmoved(change, routes) for change in result.changes)
    return kept + sum(bool(solved(stays, routes)) for stays in result.proposals)


def _on_branch(finding: Finding, routes: Mapping[str, RouteChange]) -> tuple[str, float, float]:
    """What a finding is about ("rows" or "queries") summed over the requests of its routes, before and after."""
    key = "rows" if finding.cost.rows else "queries" if finding.cost.queries else ""
    joined = [routes[name] for name in finding.routes if key and name in routes]
    if any(change.after is None for change in joined):
        return key, 0.0, 0.0
    pairs = [(change.before.requests, *values(change, key)) for change in joined]
    return key, sum(n * one for n, one, _ in pairs), sum(n * (new or 0.0) for n, _, new in pairs)


def values(change: RouteChange, metric: str) -> tuple[float, float | None]:
    """The metric of a route before and after; None where the branch was not measured."""
    if metric == "p95":
        return change.p95_before, (change.p95_after or None) if change.p95_before else None
    before = float(getattr(change.before, metric))
    return before, None if change.after is None else float(getattr(change.after, metric))


def factors(changes: Sequence[RouteChange]) -> dict[str, float]:
    """For each metric the factor by which a route has to move to be told apart from chance.

    Counts are exact. CPU of a route comes from few requests: the routes whose statements and rows stayed the
    same are the control of the same two runs. Latency has no such control: a loop that one route no longer
    blocks answers all of them sooner.
    """
    still = [c for c in changes if all(_factor(*values(c, key)) == 1.0 for key in ("queries", "rows"))]
    return {m.key: SAME for m in METRICS} | {"cpu": _chance(still, "cpu"), "p95": CLEAR}


def kind_of(before: float, after: float | None, factor: float) -> str:
    """Whether a metric got "better", "worse" or stayed the "same"."""
    if after is None or not before or _factor(before, after) <= factor:
        return "worse" if not before and after else "same"
    return "better" if after < before else "worse"


def open_metric(lead: str, drawn: Sequence[str]) -> str:
    """The metric that a reader of the headline wants to see first, of those that can be drawn."""
    return lead if lead in drawn else next(iter(drawn), "")


def _chance(still: Sequence[RouteChange], key: str) -> float:
    moved = sorted(f for c in still if (f := _factor(*values(c, key))) < math.inf)
    enough = len(moved) >= CONTROLS
    return max(moved[int(SHARE * (len(moved) - 1))], SAME) if enough else DOUBTFUL


def _factor(before: float, after: float | None) -> float:
    """How far apart two values are; infinite from or to nothing."""
    if before == after:
        return 1.0
    return max(before / after, after / before) if before and after else math.inf


def _p95(evidence: Evidence | None) -> dict[str, int]:
    return {latency.route: latency.p95 for latency in evidence.latencies} if evidence else {}
