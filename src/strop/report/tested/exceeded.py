"""What does a test say whose requests cost more than it allows: what was counted, where, and the limit?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from strop.measure.tested.served import Asked, Kind, Served
from strop.report.quantity import plural
from strop.report.tested.text import amount

_MOST = 12  # lines of a request
_NOUNS = {
    "queries": ("query", "queries"),
    "rows": ("row", "rows"),
    "repeats": ("N+1", "N+1"),
    "blocks": ("block of the event loop", "blocks of the event loop"),
    "blocking": ("blocking call on the event loop", "blocking calls on the event loop"),
    "slow": ("slow query", "slow queries"),
    "threads": ("thread hop", "thread hops"),
}
_KINDS: dict[str, Kind] = {"repeats": "repeat", "blocks": "block", "blocking": "blocking", "slow": "slow"}


@dataclass(frozen=True, slots=True)
class Spent:
    """One request inside a budget."""

    served: Served
    asked: tuple[Asked, ...]


def counted(spent: Sequence[Spent], name: str) -> int:
    """What the requests used of the limit `name`, together."""
    if name in _KINDS:
        return sum(each.served.number(_KINDS[name]) for each in spent)
    return sum(int(getattr(each.served, name)) for each in spent)


def exceeded(limits: Mapping[str, int], spent: Sequence[Spent]) -> str:
    """Why the limits are not kept; "" when they are."""
    over = {name: counted(spent, name) for name, limit in limits.items() if counted(spent, name) > limit}
    if not over:
        return ""
    said = ", ".join(
        f"{plural(number, *_NOUNS[name])} (limit {limits[name]:,})" for name, number in over.items()
    )
    return "\n".join(
        [f"strop_budget: {said}", *(line for each in spent for line in _request(each, list(over)))]
    )


def _request(spent: Spent, over: Sequence[str]) -> Iterator[str]:
    served = spent.served
    lines = [line for name in over for line in _lines(spent, name)]
    if not lines:
        return
    handler = f"  {served.handler}" if served.handler else ""
    yield f"  {served.route} -> {served.status}{handler}"
    yield from lines[:_MOST]
    if len(lines) > _MOST:
        yield f"    and {len(lines) - _MOST} more lines"


def _lines(spent: Spent, name: str) -> Iterator[str]:
    if name in ("queries", "rows"):
        for asked in sorted(spent.asked, key=lambda each: -each.times):
            yield f"    {f'{asked.times} x':>7}  {asked.what}  {asked.place}".rstrip()
    elif name == "threads":
        for hop in spent.served.hops:
            yield f"    {'1 x':>7}  {hop}"
        rest = spent.served.threads - len(spent.served.hops)
        if rest > 0:
            yield f"    {f'{rest} x':>7}  other calls through the thread pool"
    else:
        for trouble in spent.served.troubles:
            if trouble.kind == _KINDS[name]:
                by = f"  called by {', '.join(trouble.by)}" if trouble.by else ""
                yield f"    {amount(trouble):>7}  {trouble.what}  {trouble.place}{by}"
