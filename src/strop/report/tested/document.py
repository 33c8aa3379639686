"""The same as a file for programs: every test, route and place."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from strop import __version__
from strop.measure.tested.sums import Tests, by_route, by_test, hops_of, places, summed

SCHEMA = 1


def write(tests: Tests, failures: Mapping[str, int]) -> str:
    """JSON; times in microseconds. The same counts give the same text."""
    hops = hops_of(tests)
    made: dict[str, Any] = {
        "schema": SCHEMA,
        "strop": __version__,
        "total": asdict(summed(tests)),
        "tests": {
            test: {**asdict(cost), "routes": sorted({served.route for served in tests[test]})}
            for test, cost in sorted(by_test(tests).items())
        },
        "routes": {route: {**asdict(cost), "hops": hops[route]} for route, cost in by_route(tests).items()},
        "troubles": [
            asdict(place) for kind in ("repeat", "block", "blocking", "slow") for place in places(tests, kind)
        ],
        "failures": dict(sorted(failures.items())),
    }
    return json.dumps(made, indent=2, ensure_ascii=False) + "\n"
