"""What stands below pytest's results: what to look at, where it is, and which tests show it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from strop.measure.tested.digest import SLOW
from strop.measure.tested.served import Kind, Trouble
from strop.measure.tested.sums import Place, Sum, Tests, by_route, by_test, hops_of, places, summed
from strop.report.quantity import count, duration, plural

MOST = 10  # lines of a section; the file has all
BLOCK = 20_000  # us: what the probe calls a block
_NAMED = 3  # functions, routes or tests in a line

_TITLES: tuple[tuple[Kind, str], ...] = (
    ("repeat", "N+1: the same statement again and again in one request"),
    ("block", f"Event loop blocked for {duration(BLOCK)} or longer"),
    ("blocking", "Blocking calls on the event loop"),
    ("slow", f"Slow queries: {duration(SLOW)} or longer"),
)


def write(tests: Tests, failures: Mapping[str, int]) -> Iterator[str]:
    """The lines of the summary."""
    total = summed(tests)
    if not total.requests:
        yield from _nothing(failures)
        return
    routes = by_route(tests)
    yield _headline(total, len(routes))
    for kind, title in _TITLES:
        yield from _section(title, [_shown(place, routes) for place in places(tests, kind)])
    yield from _hops(tests)
    yield from _section("Most queries in one request, by route", _routes(routes))
    yield from _section("Most queries, by test", _tests(by_test(tests)), most=5)
    yield from _failures(failures)


def _nothing(failures: Mapping[str, int]) -> Iterator[str]:
    yield "no test sent a request to a FastAPI or Starlette application in this process"
    yield "(applications that a test starts as another process, or in a container, are not seen)"
    yield from _failures(failures)


def _failures(failures: Mapping[str, int]) -> Iterator[str]:
    if failures:
        parts = ", ".join(f"{name} ({number})" for name, number in sorted(failures.items()))
        yield ""
        yield f"not counted completely, something went wrong inside strop: {parts}"


def _headline(total: Sum, routes: int) -> str:
    blocked = f" ({duration(total.blocked)})" if total.blocks else ""
    return (
        f"{plural(total.tests, 'test')} sent {plural(total.requests, 'request')} to {plural(routes, 'route')}: "
        f"{plural(total.queries, 'query', 'queries')}, {count(total.repeats)} N+1, "
        f"{plural(total.blocks, 'block')} of the event loop{blocked}, "
        f"{plural(total.blocking, 'blocking call')} on it, "
        f"{plural(total.slow, 'slow query', 'slow queries')}, {plural(total.threads, 'thread hop')}"
    )


def _section(title: str, entries: Iterable[list[str]], most: int = MOST) -> Iterator[str]:
    shown = list(entries)
    if not shown:
        return
    yield ""
    yield title
    for entry in shown[:most]:
        yield from entry
    if len(shown) > most:
        yield f"  and {len(shown) - most:,} more (--strop-json=FILE has all)"


def _shown(place: Place, routes: Mapping[str, Sum]) -> list[str]:
    head = f"  {amount(place.worst):>7}  {place.what}  {place.place or 'no line of yours'}"
    by = [f"{'':9}  called by {', '.join(place.worst.by)}"] if place.worst.by else []
    all_ = sum(routes[route].requests for route in place.routes)
    seen = f"{place.requests:,} of {plural(all_, 'request')}"
    return [head, *by, f"{'':9}  {_listed(place.routes)} · {seen} · {_listed(place.tests, 1)}"]


def amount(trouble: Trouble) -> str:
    """How much of a trouble there was in one request: "100 x", "61 ms"."""
    return f"{trouble.times} x" if trouble.kind in ("repeat", "blocking") else duration(trouble.duration)


def _listed(names: tuple[str, ...], most: int = _NAMED) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def _hops(tests: Tests) -> Iterator[str]:
    hops = hops_of(tests)
    routes = [(route, cost) for route, cost in by_route(tests).items() if cost.threads]
    routes.sort(key=lambda each: -each[1].threads_most)
    shown = [
        [f"  {cost.threads_most:>7}  {route}", *([f"{'':9}  {_listed(hops[route])}"] if hops[route] else [])]
        for route, cost in routes
    ]
    yield from _section("Thread hops: most in one request", shown)


def _routes(routes: Mapping[str, Sum]) -> Iterator[list[str]]:
    for route, cost in sorted(routes.items(), key=lambda each: -each[1].queries_most):
        if cost.queries:
            sent = f"{plural(cost.requests, 'request')} of {plural(cost.tests, 'test')}"
            yield [f"  {cost.queries_most:>7}  {route}  ({sent}{_troubles(cost)})"]


def _tests(tests: Mapping[str, Sum]) -> Iterator[list[str]]:
    for test, cost in sorted(tests.items(), key=lambda each: -each[1].queries):
        if cost.queries:
            yield [f"  {cost.queries:>7}  {test}  ({plural(cost.requests, 'request')}{_troubles(cost)})"]


def _troubles(cost: Sum) -> str:
    named = {
        f"{cost.repeats} N+1": cost.repeats,
        f"loop blocked {duration(cost.blocked)}": cost.blocks,
        f"{cost.blocking} blocking": cost.blocking,
        f"{cost.slow} slow": cost.slow,
    }
    return "".join(f", {text}" for text, number in named.items() if number)
