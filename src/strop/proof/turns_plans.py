"""Whose turn is it when two requests are served at once? The plans that tell most with few runs.

Most races need one change of hands at the right place: one request stands between two of its statements while the
other is served from beginning to end. So each is held once, where it stands at another line than the step before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, zip_longest

from strop.measure.together import Plan, Together


def one_after_the_other(count: int) -> list[Plan]:
    """Each first, the others in turn behind it."""
    return [Plan(_from(first, count)) for first in range(count)]


def held(serial: Sequence[Together], most: int) -> list[Plan]:
    """Plans in which the first is held once; `serial` are the runs one after the other, by who was first.

    At most `most` for each, spread over its way through the application's lines.
    """
    count = len(serial)
    both = [
        [Plan(_from(first, count), ((first, step),)) for step in _spread(_steps(ran, first), most)]
        for first, ran in enumerate(serial)
    ]
    return [plan for row in zip_longest(*both) for plan in row if plan is not None]


def drawn(count: int, seeds: range) -> list[Plan]:
    """Plans that change hands by chance, also between the tasks of one request."""
    return [Plan(_from(seed % count, count), seed=seed) for seed in seeds]


def _from(first: int, count: int) -> tuple[int, ...]:
    return tuple((first + n) % count for n in range(count))


def _steps(ran: Together, client: int) -> list[int]:
    """After which steps it stands at another place than before, or is about to: the first and last of each stay."""
    found: set[int] = set()
    number = 0
    trace = ran.traces[client] if ran.traces else ()
    for place, group in groupby(trace[:-1]):
        length = len(list(group))
        found |= {number + 1, number + length} if place else {number + length}
        number += length
    return sorted(found)


def _spread(steps: Sequence[int], most: int) -> Iterator[int]:
    if len(steps) <= most:
        yield from steps
        return
    for n in range(most):
        yield steps[n * (len(steps) - 1) // (most - 1)]
