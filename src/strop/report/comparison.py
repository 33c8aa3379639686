"""How did each route change between the base and the branch? Joined by route, the dearest first."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from strop.evidence import Evidence, RouteCost
from strop.report.quantity import count
from strop.report.result import Change, Result


@dataclass(frozen=True, slots=True)
class RouteChange:
    """One route's means per request before and after; `p95` in us, 0 where no latency was measured."""

    before: RouteCost
    after: RouteCost | None
    p95_before: int = 0
    p95_after: int = 0

    @property
    def route(self) -> str:
        """Method and path template."""
        return self.before.route


@dataclass(frozen=True, slots=True)
class Metric:
    """Something that is compared per route: its key, its name for people, and its unit."""

    key: str
    name: str
    unit: str


SAME = 1.05  # a count that moved by a smaller factor is shown as unchanged
DOUBTFUL = 1.25  # a time that did, where nothing tells how much times move by themselves
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
    cost = change.finding.cost
    key = "rows" if cost.rows else "queries" if cost.queries else ""
    joined = [routes[name] for name in change.finding.routes if key and name in routes]
    pairs = [(c.before.requests, *values(c, key)) for c in joined]
    before = sum(number * one for number, one, _ in pairs)
    after = sum(number * (0.0 if new is None else new) for number, _, new in pairs)
    if not before or any(new is None for *_, new in pairs) or after * SAME < before:
        return ""
    return f"{count(after)} {key} as before"


def values(change: RouteChange, metric: str) -> tuple[float, float | None]:
    """The metric of a route before and after; None where the branch was not measured."""
    if metric == "p95":
        return change.p95_before, (change.p95_after or None) if change.p95_before else None
    before = float(getattr(change.before, metric))
    return before, None if change.after is None else float(getattr(change.after, metric))


def factors(changes: Sequence[RouteChange]) -> dict[str, float]:
    """For each metric the factor by which a route has to move to be told apart from chance.

    Counts are exact. Times of a route come from few requests: the routes whose statements and rows stayed
    the same are the control of the same two runs.
    """
    still = [c for c in changes if all(_factor(*values(c, key)) == 1.0 for key in ("queries", "rows"))]
    return {m.key: _chance(still, m.key) if m.unit else SAME for m in METRICS}


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
