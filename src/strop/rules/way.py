"""Which calls lead from one function down to others?"""

from __future__ import annotations

from collections import deque
from collections.abc import Container

from strop.project.branches import NOTHING, Known, handed, runs
from strop.project.functions import Functions
from strop.project.project import Project
from strop.span import Step

_FURTHEST = 12  # calls


def way_down(project: Project, start: str, goals: Container[str]) -> tuple[str, tuple[Step, ...]] | None:
    """The nearest of these functions that `start` calls or is, with the calls that lead there."""
    functions = project.source.functions
    seen = {(start, NOTHING)}
    waiting: deque[tuple[str, Known, tuple[tuple[str, int], ...]]] = deque([(start, NOTHING, ())])
    while waiting:
        here, known, path = waiting.popleft()
        if here in goals:
            return here, tuple(_step(functions, *each) for each in path)
        for place, call in enumerate(functions.leads(here) if len(path) < _FURTHEST else ()):
            target = functions.get(call.target) if runs(call, known) else None
            if target is not None:
                there = target.id, handed(call, known, target)
                if there not in seen:
                    seen.add(there)
                    waiting.append((*there, (*path, (here, place))))
    return None


def _step(functions: Functions, function: str, place: int) -> Step:
    """One of the calls that a function leads on with."""
    call = [each for each in functions[function].calls if each.target][place]
    return Step(call.text, call.span)
