"""What to do first: findings as pieces of work, in the order of what they cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from strop.evidence import RouteCost
from strop.finding import Finding
from strop.plan import Item, Option, Plan
from strop.project.project import Project
from strop.rules.options import options
from strop.rules.wording import listed, many, number, time

TELLING = 0.9  # share of the measured cost that the named surface covers
SURFACE = 4  # routes that a sentence can name

# What each of these changes can be seen by a client or decides what is kept: the user says which.
CHOICES = frozenset({"DB007", "DB008", "DB010", "ASY005", "MID001"})
_VALIDATION = {
    "DB005": "the plan of the statement searches by the index; every answer and every row is the same",
    "DB009": "the same answers; connections opened and waits in the pool counted",
    "ASY004": "every answer is the same; hops to the thread pool counted",
}


def plan(
    project: Project,
    findings: Iterable[Finding],
    routes: Iterable[RouteCost] = (),
    mix: Mapping[str, int] | None = None,
) -> Plan:
    """The findings as items by measured cost, with the surface and the criteria in a sentence each.

    `routes` are what the run saw of the routes: a finding's cost lies where its routes cost. With a mix (requests of
    an access log by route) the order is that of the cost in it.
    """
    seen = tuple(routes)
    often = _often(seen, mix or {})
    ranked = sorted(
        findings, key=lambda f: (-f.cost.total * often(f.routes), f.known == "static", f.code, f.span)
    )
    return Plan(
        _surface(ranked, {cost.route: cost.share for cost in seen}),
        _criteria(ranked),
        tuple(_item(project, f) for f in ranked),
    )


def _often(routes: Sequence[RouteCost], mix: Mapping[str, int]) -> Callable[[Sequence[str]], float]:
    """How many times each request of the run on these routes is asked in the mix; once without a mix."""
    sent = {cost.route: cost.requests for cost in routes}

    def often(wanted: Sequence[str]) -> float:
        asked, own = (sum(counts.get(route, 0) for route in wanted) for counts in (mix, sent))
        return asked / own if mix and own else 1.0

    return often


def _item(project: Project, finding: Finding) -> Item:
    chosen = options(finding)
    return Item(
        finding=finding,
        problem=f"{finding.message} ({finding.span})",
        impact=_impact(finding),
        solution=finding.solution,
        risk=_risk(finding, chosen),
        validation=_validation(project, finding),
        rollback=_rollback(finding),
        options=chosen,
        choice=finding.code in CHOICES or all(not o.fix for o in chosen),
    )


def _impact(finding: Finding) -> str:
    where = f"on {listed(finding.routes)}" if finding.routes else "wherever it is reached"
    cost = finding.cost
    parts = [
        f"{number(cost.queries)} statements" if cost.queries else "",
        f"{number(cost.rows)} rows" if cost.rows else "",
        f"{time(cost.blocked)} of event loop" if cost.blocked else "",
        f"{number(cost.threads)} thread hops" if cost.threads else "",
    ]
    spent = ", ".join(part for part in parts if part)
    each = f"; {spent} a request" if spent else ""
    total = f"; {time(cost.total)} of the run" if cost.total else ""
    return f"{finding.impact} ({where}{each}{total})"


def _risk(finding: Finding, chosen: tuple[Option, ...]) -> str:
    first = chosen[0]
    kept = {
        "exact": "answers and rows stay byte for byte the same",
        "compatible": "clients can't break",
        "breaking": "clients can see the change",
    }[first.compatibility]
    doubt = "" if finding.known == "measured" else f"; read in the source, {finding.confidence:.0%} sure"
    return f"{first.risk}; {kept}{doubt}"


def _validation(project: Project, finding: Finding) -> str:
    special = _VALIDATION.get(finding.code)
    if special is not None:
        return special
    tables = (
        f", every row of {many(len(project.imported.tables), 'table')}" if project.imported.tables else ""
    )
    counted = "statements and rows" if finding.domain == "database" else "blocked time and thread hops"
    return f"every recorded answer{tables} is the same on base and candidate; {counted} are counted on both"


def _rollback(finding: Finding) -> str:
    if finding.code == "DB005":
        return "git revert of its commit, and the migration's downgrade drops the index"
    return "git revert of its one commit"


def _surface(findings: list[Finding], shares: Mapping[str, float]) -> str:
    """Which routes the measured cost of the findings lies on."""
    cost: dict[str, float] = defaultdict(float)
    for finding in findings:
        weights = {route: shares.get(route, 0.0) for route in finding.routes}
        if not any(weights.values()):  # shared evenly where nothing is known
            weights = dict.fromkeys(finding.routes, 1.0)
        for route, weight in weights.items():
            cost[route] += finding.cost.total * weight / sum(weights.values())
    whole = sum(cost.values())
    if not whole:
        routes = {route for finding in findings for route in finding.routes}
        return (
            f"{many(len(routes), 'route')} with findings; no cost was measured"
            if findings
            else "nothing found"
        )
    named: list[str] = []
    covered = 0.0
    for route, part in sorted(cost.items(), key=lambda pair: (-pair[1], pair[0])):
        if len(named) == SURFACE or covered >= TELLING * whole:
            break
        named.append(route)
        covered += part
    take = "takes" if len(named) == 1 else "take"
    names = listed(named, SURFACE)
    return (
        f"{names} {take} {100 * covered / whole:.0f} % of the {time(whole)} that the findings cost in the run"
    )


def _criteria(findings: list[Finding]) -> str:
    wished = [
        ("fewer statements", any(f.cost.queries for f in findings)),
        ("fewer rows", any(f.cost.rows or f.code == "DB005" for f in findings)),
        ("a free event loop", any(f.cost.blocked or f.code.startswith("ASY00") for f in findings)),
        ("fewer thread hops", any(f.cost.threads for f in findings)),
    ]
    named = [text for text, true in wished if true]
    gains = listed(named, len(wished)) if named else "less work"
    return f"{gains} on these routes; every answer and every row unchanged"
