"""Which calls lead from one function down to others?"""

from __future__ import annotations

from collections import deque
from collections.abc import Container

from strop.project.project import Project
from strop.span import Step

_FURTHEST = 12  # calls


def way_down(project: Project, start: str, goals: Container[str]) -> tuple[str, tuple[Step, ...]] | None:
    """The nearest of these functions that `start` calls or is, with the calls that lead there."""
    seen = {start}
    waiting: deque[tuple[str, tuple[Step, ...]]] = deque([(start, ())])
    while waiting:
        here, path = waiting.popleft()
        if here in goals:
            return here, path
        function = project.source.functions.get(here)
        for call in function.calls if function is not None and len(path) < _FURTHEST else ():
            if call.target and call.target not in seen:
                seen.add(call.target)
                waiting.append((call.target, (*path, Step(call.text, call.span))))
    return None
