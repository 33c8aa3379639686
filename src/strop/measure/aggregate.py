"""Sums over a run: what each route and each line of the application costs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from strop.evidence import Exchange, LineCost, Query, RouteCost
from strop.span import Span


def cost_routes(exchanges: Iterable[Exchange], mix: Mapping[str, int] | None = None) -> tuple[RouteCost, ...]:
    """Costs of each route, the dearest first. Shares are of the time that requests took, one by one; with a mix, of
    the time that its requests would take.
    """
    groups: dict[str, list[Exchange]] = defaultdict(list)
    for exchange in exchanges:
        if exchange.route:
            groups[exchange.route].append(exchange)
    weights = {route: mix.get(route, 0) / len(group) if mix else 1.0 for route, group in groups.items()}
    whole = sum(weights[route] * e.duration for route, group in groups.items() for e in group) or 1
    costs = (_cost(route, group, whole / (weights[route] or whole)) for route, group in groups.items())
    if mix:
        costs = (cost if weights[cost.route] else replace(cost, share=0.0) for cost in costs)
    return tuple(sorted(costs, key=lambda cost: (-cost.share, cost.route)))


def _cost(route: str, group: list[Exchange], whole: float) -> RouteCost:
    count = len(group)
    rows = [sum(q.rows for q in e.queries) for e in group]
    return RouteCost(
        route=route,
        requests=count,
        queries=sum(len(e.queries) for e in group) / count,
        queries_max=max(len(e.queries) for e in group),
        rows=sum(rows) / count,
        rows_max=max(rows),
        cpu=sum(e.cpu for e in group) / count,
        duration=sum(e.duration for e in group) / count,
        blocked=sum(b.duration for e in group for b in e.blocks) / count,
        threads=sum(e.threads for e in group) / count,
        commits=sum(e.commits for e in group) / count,
        response_bytes=sum(e.response_bytes for e in group) / count,
        share=sum(e.duration for e in group) / whole,
    )


def cost_lines(exchanges: Iterable[Exchange]) -> tuple[LineCost, ...]:
    """Costs of each application line (and lazily loaded relationship) that emitted SQL, the dearest first."""
    groups: dict[tuple[Span, str], list[tuple[str, Query]]] = defaultdict(list)
    nowhere = Span("", 0)
    for exchange in exchanges:
        for query in exchange.queries:
            groups[query.span or nowhere, query.relationship].append((exchange.route, query))
    costs = (
        LineCost(
            span=span,
            queries=len(found),
            rows=sum(q.rows for _, q in found),
            duration=sum(q.duration for _, q in found),
            routes=tuple(sorted({route for route, _ in found if route})),
            relationship=relationship,
            statement=found[0][1].statement,
        )
        for (span, relationship), found in groups.items()
    )
    return tuple(sorted(costs, key=lambda cost: (-cost.duration, cost.span)))
