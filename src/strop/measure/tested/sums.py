"""What do the requests of all tests say together: by place, by route, by test?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from strop.measure.tested.served import Kind, Served, Trouble

Tests = Mapping[str, Sequence[Served]]  # by node id


@dataclass(frozen=True, slots=True)
class Sum:
    """What some requests cost together."""

    requests: int
    queries: int
    queries_most: int  # in one request
    rows: int
    repeats: int
    blocks: int
    blocked: int  # us
    blocking: int
    slow: int
    threads: int
    threads_most: int
    tests: int  # that sent them


@dataclass(frozen=True, slots=True)
class Place:
    """One line that makes trouble, over all tests."""

    kind: Kind
    place: str
    what: str
    worst: Trouble
    requests: int
    duration: int  # us, of all requests together
    routes: tuple[str, ...]
    tests: tuple[str, ...]  # the one with the worst request first


@dataclass(frozen=True, slots=True)
class _Seen:
    trouble: Trouble
    served: Served
    test: str


def summed(tests: Tests) -> Sum:
    """Everything together."""
    return _sum([(test, served) for test, requests in tests.items() for served in requests])


def by_test(tests: Tests) -> dict[str, Sum]:
    """What each test that sent a request cost."""
    return {test: _sum([(test, served) for served in all_]) for test, all_ in tests.items() if all_}


def by_route(tests: Tests) -> dict[str, Sum]:
    """What each route cost, sorted by name."""
    return {route: _sum(found) for route, found in sorted(_routes(tests).items())}


def hops_of(tests: Tests) -> dict[str, tuple[str, ...]]:
    """What each route sends to the thread pool in the request with most hops."""
    return {
        route: max((served for _, served in found), key=lambda served: len(served.hops)).hops
        for route, found in sorted(_routes(tests).items())
    }


def _routes(tests: Tests) -> dict[str, list[tuple[str, Served]]]:
    routes: dict[str, list[tuple[str, Served]]] = defaultdict(list)
    for test, requests in tests.items():
        for served in requests:
            routes[served.route].append((test, served))
    return routes


def places(tests: Tests, kind: Kind) -> list[Place]:
    """The places that make one kind of trouble, the dearest first: by repetitions, else by time."""
    found: dict[tuple[str, str], list[_Seen]] = defaultdict(list)
    for test, requests in tests.items():
        for served in requests:
            for trouble in served.troubles:
                if trouble.kind == kind:
                    found[trouble.place, trouble.what].append(_Seen(trouble, served, test))
    made = [_place(kind, place, what, seen) for (place, what), seen in found.items()]
    return sorted(
        made, key=lambda each: (*(-weight for weight in _weight(each.worst)), each.place, each.what)
    )


def _weight(trouble: Trouble) -> tuple[int, int]:
    if trouble.kind in ("repeat", "blocking"):
        return trouble.times, trouble.duration
    return trouble.duration, trouble.times


def _place(kind: Kind, place: str, what: str, seen: list[_Seen]) -> Place:
    ordered = sorted(seen, key=lambda each: _weight(each.trouble), reverse=True)
    return Place(
        kind=kind,
        place=place,
        what=what,
        worst=ordered[0].trouble,
        requests=len({id(each.served) for each in seen}),
        duration=sum(each.trouble.duration for each in seen),
        routes=tuple(dict.fromkeys(each.served.route for each in ordered)),
        tests=tuple(dict.fromkeys(each.test for each in ordered)),
    )


def _sum(found: Iterable[tuple[str, Served]]) -> Sum:
    pairs = list(found)
    requests = [served for _, served in pairs]
    return Sum(
        requests=len(requests),
        queries=sum(served.queries for served in requests),
        queries_most=max((served.queries for served in requests), default=0),
        rows=sum(served.rows for served in requests),
        repeats=sum(served.number("repeat") for served in requests),
        blocks=sum(served.number("block") for served in requests),
        blocked=sum(served.blocked for served in requests),
        blocking=sum(served.number("blocking") for served in requests),
        slow=sum(served.number("slow") for served in requests),
        threads=sum(served.threads for served in requests),
        threads_most=max((served.threads for served in requests), default=0),
        tests=len({test for test, _ in pairs}),
    )
