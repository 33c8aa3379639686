"""What does a report say of requests that call other services?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from urllib.parse import urlsplit

from strop.cell import Call
from strop.measure.observe import Observation
from strop.world.redis_server import EXTRA

SHOWN = 3  # of each kind
ADVICE = "give answers with --outbound FILE"


def list_calls(seen: Observation) -> tuple[str, ...]:
    """What was refused, by host, and what was taken without being delivered; nothing where nobody was called."""
    requests = [outcome.calls for outcome in seen.one.values()]
    requests += [recorded.calls for run in seen.suites[:1] for recorded in run.recorded]
    refused = _count({_host(call) for call in calls if not call.answered} for calls in requests)
    found = [
        f"{_requests(count)} called out to {host} and {_were(count)} refused; {_advice(host)}"
        for host, count in refused
    ]
    for kind, text in (("mail", "sent mail"), ("task", "published tasks")):
        count = sum(any(call.kind == kind for call in calls) for calls in requests)
        if count:
            found.append(f"{_requests(count)} {text}: what was sent is compared, and nobody got it")
    return tuple(found)


def _advice(host: str) -> str:
    return f"for a Redis of strop's own: {EXTRA}" if host.startswith("redis ") else ADVICE


def _count(named: Iterable[set[str]]) -> list[tuple[str, int]]:
    counted = Counter(name for names in named for name in names)
    shown = counted.most_common(SHOWN)
    rest = len(counted) - len(shown)
    return [
        *shown,
        *([(f"{rest} more hosts", sum(counted.values()) - sum(n for _, n in shown))] if rest else []),
    ]


def _host(call: Call) -> str:
    """Of a request its server; a socket names it alone."""
    what = call.name.partition(" ")[2]
    return urlsplit(what).netloc if call.kind == "http" else what.removeprefix("to ")


def _requests(count: int) -> str:
    return f"{count} request{'' if count == 1 else 's'}"


def _were(count: int) -> str:
    return "was" if count == 1 else "were"
