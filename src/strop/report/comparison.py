"""How did each route change between the base and the branch? Joined by route, the dearest first."""

from __future__ import annotations

from dataclasses import dataclass

from strop.evidence import Evidence, RouteCost
from strop.report.result import Result


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


def values(change: RouteChange, metric: str) -> tuple[float, float | None]:
    """The metric of a route before and after; None where the branch was not measured."""
    if metric == "p95":
        return change.p95_before, (change.p95_after or None) if change.p95_before else None
    before = float(getattr(change.before, metric))
    return before, None if change.after is None else float(getattr(change.after, metric))


def _p95(evidence: Evidence | None) -> dict[str, int]:
    return {latency.route: latency.p95 for latency in evidence.latencies} if evidence else {}
