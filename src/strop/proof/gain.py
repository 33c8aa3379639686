"""Gate 9: what a patch saves on the same cells, counters before clocks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

from strop.evidence import Exchange, Outcome
from strop.verdict import Gain

WORTH = 20  # times what a request pays for the way to a thread and back, a block that goes away is worth it
TOLERANCE = 0.05  # CPU may not get dearer by more, unless the patch frees the event loop for it


class Counter(Struct, frozen=True):
    """Something that is counted exactly, or nearly, in every exchange."""

    unit: str
    count: Callable[[Exchange], float]


COUNTERS: Mapping[str, Counter] = {
    "queries": Counter("queries", lambda e: len(e.queries)),
    "rows": Counter("rows", lambda e: sum(q.rows for q in e.queries)),
    "commits": Counter("commits", lambda e: e.commits),
    "threads": Counter("hops", lambda e: e.threads),
    "blocking": Counter(
        "blocking calls on the loop",
        lambda e: sum(b.count for b in e.blocking) + sum(q.on_loop for q in e.queries),
    ),
    "blocked": Counter("us", lambda e: sum(b.duration for b in e.blocks)),
    "built": Counter("objects", lambda e: len(e.built)),
    "connections": Counter("connections", lambda e: sum(p.connected for p in e.pool)),
    "waits": Counter("us", lambda e: sum(p.wait for p in e.pool)),
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
    "set_pool": ("waits", "connections"),
}
CROWDED = frozenset({"set_pool"})  # what is seen only while many requests are served at once
FREES_LOOP = frozenset({"wrap_blocking_call", "make_handler_sync"})
ALWAYS = ("queries", "rows", "commits", "threads", "blocking")  # exact, and what a careless fix makes worse
# Counters in which a fix may pay for what it saves elsewhere. An index adds to what reflection of the schema asks.
PAYS = {"queries": {"rows"}, "rows": {"queries"}, "work": {"queries", "rows"}}


def promised(fix: str) -> frozenset[str]:
    """The counters that a verdict on this fix speaks of: what it promises, and what it could make dearer."""
    return frozenset({*PROMISES.get(fix, ()), *ALWAYS})


def count_gains(
    before: Mapping[str, Outcome],
    after: Mapping[str, Outcome],
    again: Mapping[str, Outcome],
    routes: Iterable[str],
    names: Iterable[str] = COUNTERS,
) -> tuple[Gain, ...]:
    """Counters summed over the cells that both sides have, where they differ.

    `before` and `again` are two runs of the base: their difference is the noise, above which a gain must lie.
    """
    keys = sorted(before.keys() & after.keys() & again.keys())
    named, wanted = tuple(sorted(routes)), set(names)
    found = []
    for name, counter in COUNTERS.items():
        one, two, new = (sum(counter.count(run[k].exchange) for k in keys) for run in (before, again, after))
        if name in wanted and one != new:
            noise = abs(one - two) / max(one, two, 1)
            found.append(Gain(name, counter.unit, one, new, relative(one, new), noise, named))
    return tuple(found)


def relative(before: float, after: float) -> float:
    """The share that was saved; negative when it got dearer."""
    return (before - after) / before if before else -1.0 if after else 0.0


def decide(fix: str, gains: tuple[Gain, ...]) -> tuple[Gain | None, str]:
    """The gain that justifies the patch, or None and the reason why nothing does."""
    by_name = {gain.name: gain for gain in gains}
    best = next((by_name[n] for n in PROMISES.get(fix, ()) if n in by_name and stands_out(by_name[n])), None)
    if best is None:
        return None, "no gain above the noise of the same run"
    cpu = by_name.get("cpu")
    if cpu is not None and fix not in FREES_LOOP and _is_dearer(cpu):
        return None, f"saves {best.name} but costs {-relative(cpu.before, cpu.after):.0%} more CPU"
    loop = by_name.get("loop")
    if loop is not None and fix in FREES_LOOP and _is_dearer(loop) and not _is_hop(best, loop):
        return (
            None,
            f"saves {best.name} but costs {-relative(loop.before, loop.after):.0%} more of the loop's time",
        )
    worse = [
        gain
        for gain in gains
        if gain.name in ("queries", "rows", "commits", "blocking")
        and gain.name not in PAYS.get(best.name, ())
        and gain.after - gain.before > gain.noise * gain.before
    ]
    if worse and (cpu is None or not stands_out(cpu)):
        return None, f"saves {best.name} but costs more {worse[0].name}"
    return best, ""


def stands_out(gain: Gain) -> bool:
    """Whether the lower bound of a gain lies above the A/A noise of the same run."""
    return gain.low > max(gain.noise, 0.0)


def _is_hop(best: Gain, loop: Gain) -> bool:
    """Whether the loop no longer stands still, and only the way to a thread and back is what it pays."""
    return best.name == "blocked" and best.before - best.after > WORTH * (loop.after - loop.before)


def _is_dearer(cpu: Gain) -> bool:
    """Whether even the upper bound of the gain (as far above the value as the lower is below) is a loss."""
    value = relative(cpu.before, cpu.after)
    return 2 * value - cpu.low < -max(TOLERANCE, cpu.noise)
