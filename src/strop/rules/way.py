"""Which calls lead from one function down to others?"""

from __future__ import annotations

from collections import deque
from collections.abc import Container

from strop.project.branches import NOTHING, Known, handed, runs
from strop.project.project import Project
from strop.span import Step

_FURTHEST = 12  # calls


def way_down(project: Project, start: str, goals: Container[str]) -> tuple[str, tuple[Step, ...]] | None:
    """The nearest of these functions that `start` calls or is, with the calls that lead there."""
    seen = {(start, NOTHING)}
    waiting: deque[tuple[str, Known, tuple[Step, ...]]] = deque([(start, NOTHING, ())])
    while waiting:
        here, known, path = waiting.popleft()
        if here in goals:
            return here, path
        function = project.source.functions.get(here)
        for call in function.calls if function is not None and len(path) < _FURTHEST else ():
            target = project.source.functions.get(call.target) if runs(call, known) else None
            if target is not None:
                there = target.id, handed(call, known, target)
                if there not in seen:
                    seen.add(there)
                    waiting.append((*there, (*path, Step(call.text, call.span))))
    return None
