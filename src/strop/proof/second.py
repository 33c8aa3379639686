"""What is known of the base in a second world, and what that says of another side's answers in both.

The second world has rows and sets in another order, and serves at a later moment with other chances. Moment and
chance decide values: both sides must agree in each world. What the base answers otherwise at one moment because
of order alone is open: nothing that it asks for fixes that order.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping

from msgspec import Struct, field
from msgspec.structs import replace

from strop.cell import Cell
from strop.evidence import Outcome, Outcomes
from strop.measure.serve import Served
from strop.proof.relax import Relaxed
from strop.proof.unordered import NOT_FIXED, Judged, judge, judge_at
from strop.verdict import Difference


class Second(Struct):
    """The base in its second world. `cells` are those of the workload at the moment that each has there."""

    served: Served
    first: Outcomes  # the base in the first world
    relaxed: Relaxed  # what it leaves open between two runs of one world
    cells: dict[str, Cell] = field(default_factory=dict)
    outcomes: Outcomes = field(default_factory=dict)
    turned: Outcomes = field(default_factory=dict)  # order open: the second world at the first one's moment
    forward: Outcomes = field(default_factory=dict)  # order open: the first world at the second one's moment
    places: dict[str, frozenset[str]] = field(default_factory=dict)  # open ones by route
    kept_moment: int = 0  # cells that the later moment would log out
    asked: int = 0  # requests that the base served for all this
    seconds: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)  # held by whoever asks the process

    def judge_first(self, after: Outcome) -> Judged:
        """What differs from the base in the first world."""
        before = self.first[after.cell]
        return self._settled(judge(before, self.turned.get(after.cell, before), after))

    def judge_second(self, after: Outcome) -> Judged:
        """What differs from the base in the second world; a base that differs from itself there is no judge."""
        before = self.outcomes[after.cell]
        judged = self._settled(judge(before, self.forward.get(after.cell, before), after))
        if not judged.differences:
            return judged
        with self._lock:
            again = self.served.serve(self.cells[after.cell])
        noise = {difference.path for difference in judge(before, before, again).differences}
        left = tuple(d for d in judged.differences if d.path not in noise)
        return replace(judged, differences=left)

    def judge_other(self, cell: Cell, before: Outcome, after: Outcome) -> Judged:
        """What differs between two answers of the first world to a cell that the workload does not hold."""
        with self._lock:
            turned = self.served.serve(cell)
        return judge(before, turned, after)

    def judge_test(self, before: Outcome, after: Outcome) -> Judged:
        """What differs between two answers to a request of the own tests, by what cells show of its route."""
        return judge_at(self.places.get(before.exchange.route, frozenset()), before, after)

    def follows_order(self, after: Outcome) -> bool:
        """Whether an answer of the second world at the first one's moment differs from the base, too."""
        return bool(self._settled(judge(self.first[after.cell], self._turned(after.cell), after)).differences)

    def _turned(self, cell: str) -> Outcome:
        return self.turned.get(cell, self.first[cell])

    def _settled(self, judged: Judged) -> Judged:
        left = tuple(d for d in judged.differences if not self._allows(d))
        return replace(judged, differences=left)

    def _allows(self, difference: Difference) -> bool:
        """A text that differs from run to run is open as a whole; here it is read by lines."""
        whole = replace(difference, path="body") if difference.path.startswith("body lines") else difference
        return self.relaxed.allows(whole)


def lines(route: str, judged: Judged) -> tuple[str, ...]:
    """What was let pass, for the report."""
    return tuple(f"{route}  {place}: {NOT_FIXED}" for place in judged.passed)


def open_places(first: Mapping[str, Outcome], turned: Mapping[str, Outcome]) -> dict[str, frozenset[str]]:
    """Where the order is open, by route."""
    found: dict[str, frozenset[str]] = {}
    for key, other in turned.items():
        route = first[key].exchange.route
        found[route] = found.get(route, frozenset()) | {*judge(first[key], other, other).passed}
    return found


def tell(found: tuple[Difference, ...], world: str) -> tuple[Difference, ...]:
    """Differences with the world in which they were seen."""
    return tuple(replace(difference, world=world) for difference in found)
