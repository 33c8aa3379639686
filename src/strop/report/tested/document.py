"""The same as a file for programs: every test, route and place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from strop import __version__
from strop.measure.tested.sums import Tests, by_route, by_test, hops_of, places, summed

SCHEMA = 1


def write(tests: Tests, failures: Mapping[str, int]) -> bytes:
    """JSON; times in microseconds. The same counts give the same text."""
    hops = hops_of(tests)
    made: dict[str, Any] = {
        "schema": SCHEMA,
        "strop": __version__,
        "total": summed(tests),
        "tests": {
            test: {**_plain(cost), "routes": sorted({served.route for served in tests[test]})}
            for test, cost in sorted(by_test(tests).items())
        },
        "routes": {route: {**_plain(cost), "hops": hops[route]} for route, cost in by_route(tests).items()},
        "troubles": [
            place for kind in ("repeat", "block", "blocking", "slow") for place in places(tests, kind)
        ],
        "failures": dict(sorted(failures.items())),
    }
    return msgspec.json.format(msgspec.json.encode(made), indent=2) + b"\n"


def _plain(value: Any) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(value)
    return plain
