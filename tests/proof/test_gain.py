"""A gain must stand out from the noise of the same run, and must not be paid with another cost."""

from __future__ import annotations

import pytest

from strop.evidence import Outcome
from strop.proof.gain import count_gains, decide, relative
from strop.verdict import Gain
from tests.proof.made import exchange, outcome


def gain(name: str, before: float, after: float, low: float | None = None, noise: float = 0.0) -> Gain:
    return Gain(name, "", before, after, relative(before, after) if low is None else low, noise)


@pytest.mark.parametrize(
    ("fix", "gains", "best"),
    [
        ("load_relationship", [gain("queries", 20, 2)], "queries"),
        ("load_relationship", [gain("queries", 20, 2), gain("rows", 10, 12)], "queries"),
        ("load_relationship", [gain("queries", 20, 2, noise=0.95)], ""),
        ("load_relationship", [gain("threads", 20, 2)], ""),
        ("load_relationship", [gain("queries", 2, 20)], ""),
        ("load_relationship", [], ""),
        ("load_relationship", [gain("queries", 20, 2), gain("cpu", 100, 130, low=-0.4, noise=0.02)], ""),
        (
            "load_relationship",
            [gain("queries", 20, 2), gain("cpu", 100, 102, low=-0.1, noise=0.05)],
            "queries",
        ),
        ("load_relationship", [gain("queries", 20, 2), gain("commits", 1, 3)], ""),
        ("load_relationship", [gain("queries", 20, 2), gain("blocking", 0, 4)], ""),
        ("load_relationship", [gain("queries", 20, 2), gain("commits", 100, 101, noise=0.05)], "queries"),
        ("wrap_blocking_call", [gain("blocked", 900, 0), gain("cpu", 100, 130, low=-0.4)], "blocked"),
        ("wrap_blocking_call", [gain("blocked", 900, 0), gain("queries", 1, 2)], ""),
        ("wrap_blocking_call", [gain("blocking", 3, 2), gain("loop", 900, 700)], "blocking"),
        ("wrap_blocking_call", [gain("blocking", 3, 2), gain("loop", 700, 900, noise=0.02)], ""),
        ("wrap_blocking_call", [gain("blocked", 9000, 0), gain("loop", 100, 200, noise=0.02)], "blocked"),
        ("wrap_blocking_call", [gain("blocked", 9000, 0), gain("loop", 700, 1400, noise=0.02)], ""),
        ("add_index", [gain("work", 900, 300), gain("queries", 900, 902)], "work"),
        ("add_index", [gain("work", 900, 300), gain("commits", 1, 3)], ""),
        ("make_dependency_async", [gain("threads", 2, 1)], "threads"),
        ("count_in_database", [gain("rows", 500, 1)], "rows"),
        ("nothing known", [gain("queries", 20, 2)], ""),
    ],
)
def test_decide(fix: str, gains: list[Gain], best: str) -> None:
    found, reason = decide(fix, tuple(gains))
    assert (found.name if found else "") == best
    assert bool(reason) == (not best)


def test_counters_are_summed_over_the_cells_that_all_runs_have() -> None:
    def run(queries: int, *cells: str) -> dict[str, Outcome]:
        return {c: outcome(cell=c, cost=exchange(c, queries=queries, threads=1)) for c in cells}

    found = count_gains(run(5, "a", "b"), run(2, "a", "c"), run(5, "a", "b"), ["GET /x"])
    assert [(g.name, g.before, g.after, g.low, g.noise, g.routes) for g in found] == [
        ("queries", 5, 2, 0.6, 0.0, ("GET /x",))
    ]


def test_what_the_base_differs_from_itself_is_noise() -> None:
    one, two, after = ({"a": outcome(cost=exchange(queries=n))} for n in (10, 8, 5))
    (found,) = count_gains(one, after, two, [])
    assert found.noise == pytest.approx(0.2)


def test_relative() -> None:
    assert relative(10, 5) == 0.5
    assert relative(10, 15) == -0.5
    assert relative(0, 0) == 0.0
    assert relative(0, 3) == -1.0
