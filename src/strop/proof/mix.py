"""What does a change save in the mix of an access log, where some routes are asked a thousand times and others never?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from statistics import fmean

from strop.evidence import Exchange, Outcome
from strop.proof.gain import relative
from strop.verdict import Gain

LOG = "log_"  # before the name of a cost that is mixed as in the log
EACH = 1000  # requests of the log that a figure is for
COSTS: Mapping[str, tuple[str, Callable[[Exchange], float]]] = {
    "log_queries": ("queries", lambda e: len(e.queries)),
    "log_rows": ("rows", lambda e: sum(q.rows for q in e.queries)),
}


def mix_gains(
    before: Mapping[str, Outcome],
    again: Mapping[str, Outcome],
    after: Mapping[str, Outcome],
    mix: Mapping[str, int],
) -> tuple[Gain, ...]:
    """Costs of EACH requests that are mixed as in the log, where they differ; `again` is the base's second run.

    A route counts with the mean of its requests; one that no request reached, not at all.
    """
    keys = before.keys() & again.keys() & after.keys()
    groups: dict[str, list[str]] = defaultdict(list)
    for key in sorted(keys):
        if mix.get(before[key].exchange.route):
            groups[before[key].exchange.route].append(key)
    whole = sum(mix[route] for route in groups)
    if not whole:
        return ()
    gains = []
    for name, (unit, cost) in COSTS.items():
        one, two, new = (
            sum(
                mix[route] * fmean(cost(run[key].exchange) for key in group)
                for route, group in groups.items()
            )
            * EACH
            / whole
            for run in (before, again, after)
        )
        if one != new:
            noise = abs(one - two) / max(one, two, 1e-9)
            gains.append(Gain(name, unit, one, new, relative(one, new) - noise, noise, ()))
    return tuple(gains)
