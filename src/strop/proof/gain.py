"""Gate 9: what a patch saves on the same cells, counters before clocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from strop.evidence import Exchange, Outcome
from strop.verdict import Gain

TOLERANCE = 0.05  # CPU may not get dearer by more, unless the patch frees the event loop for it


@dataclass(frozen=True, slots=True)
class Counter:
    """Something that is counted exactly, or nearly, in every exchange."""

    unit: str
    count: Callable[[Exchange], float]


COUNTERS: Mapping[str, Counter] = {
    "queries": Counter("queries", lambda e: len(e.queries)),
    "rows": Counter("rows", lambda e: sum(q.rows for q in e.queries)),
    "commits": Counter("commits", lambda e: e.commits),
    "threads": Counter("thread hops", lambda e: e.threads),
    "blocking": Counter(
        "blocking calls on the loop",
        lambda e: sum(b.count for b in e.blocking) + sum(q.on_loop for q in e.queries),
    ),
    "blocked": Counter("us of blocked loop", lambda e: sum(b.duration for b in e.blocks)),
    "built": Counter("objects built", lambda e: len(e.built)),
    "connections": Counter("connections opened", lambda e: sum(p.connected for p in e.pool)),
    "waits": Counter("us waiting for a connection", lambda e: sum(p.wait for p in e.pool)),
}

# What a fix promises: the gains that can justify it, the most telling first.
PROMISES: Mapping[str, tuple[str, ...]] = {
    "load_relationship": ("queries", "rows", "cpu"),
    "wrap_blocking_call": ("blocked", "blocking", "loop"),
    "make_handler_sync": ("blocked", "blocking", "loop"),
    "make_dependency_async": ("threads",),
    "batch_query": ("queries",),
    "count_in_database": ("rows",),
    "add_index": ("work",),
    "build_once": ("built", "connections", "cpu"),
    "set_pool": ("connections", "waits", "cpu"),
}
FREES_LOOP = frozenset({"wrap_blocking_call", "make_handler_sync"})
# Counters in which a fix may pay for what it saves elsewhere.
PAYS = {"queries": {"rows"}, "rows": {"queries"}}


def count_gains(
    before: Mapping[str, Outcome],
    after: Mapping[str, Outcome],
    again: Mapping[str, Outcome],
    routes: Iterable[str],
) -> tuple[Gain, ...]:
    """Counters summed over the cells that all three runs have, where before and after differ.

    `again` is a second run of the base: its difference to `before` is the noise, which the lower
    bound of each gain has already paid.
    """
    keys = sorted(before.keys() & after.keys())
    named = tuple(sorted(routes))
    found = []
    for name, counter in COUNTERS.items():
        old, new = (sum(counter.count(run[k].exchange) for k in keys) for run in (before, after))
        if old == new:
            continue
        both = [k for k in keys if k in again]
        one, two = (sum(counter.count(run[k].exchange) for k in both) for run in (before, again))
        noise = abs(one - two) / max(one, two, 1)
        found.append(Gain(name, counter.unit, old, new, relative(old, new) - noise, noise, named))
    return tuple(found)


def relative(before: float, after: float) -> float:
    """The share that was saved; negative when it got dearer."""
    return (before - after) / before if before else -1.0 if after else 0.0


def decide(fix: str, gains: tuple[Gain, ...]) -> tuple[Gain | None, str]:
    """The gain that justifies the patch, or None and the reason why nothing does."""
    by_name = {gain.name: gain for gain in gains}
    best = next((by_name[n] for n in PROMISES.get(fix, ()) if n in by_name and by_name[n].low > 0), None)
    if best is None:
        return None, "no gain above the noise of the same run"
    cpu = by_name.get("cpu")
    if (
        cpu is not None
        and cpu.low < -TOLERANCE
        and relative(cpu.before, cpu.after) < 0
        and fix not in FREES_LOOP
    ):
        return None, f"saves {best.name} but costs {-relative(cpu.before, cpu.after):.0%} more CPU"
    paid = [
        g
        for g in gains
        if g.name != "cpu"
        and g.name not in PAYS.get(best.name, ())
        and g.after - g.before > g.noise * g.before
    ]
    worse = [g for g in paid if g.name in ("queries", "rows", "commits", "blocking")]
    if worse and (cpu is None or cpu.low <= 0):
        return None, f"saves {best.name} but costs more {worse[0].unit}"
    return best, ""
