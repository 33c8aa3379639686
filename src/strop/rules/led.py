"""Where does a call lead to? The kinds of effects of everything that it runs."""

from __future__ import annotations

from strop.project.function import Call
from strop.project.project import Project

_MOST = 200  # functions below a call that are looked at


def leads(project: Project, call: Call) -> set[str]:
    """Kinds of effects of a call and of all that it runs in the request: calls, queries, commits, blocks ..."""
    kinds = {call.effect.kind} if call.effect is not None else set()
    for function in below(project, call):
        kinds |= {c.effect.kind for c in project.source.functions[function].calls if c.effect is not None}
    return kinds


def below(project: Project, call: Call) -> set[str]:
    """The ids of the functions that a call runs in the request, itself first."""
    seen: set[str] = set()
    waiting = [call.target]
    while waiting and len(seen) < _MOST:
        name = waiting.pop()
        function = project.source.functions.get(name)
        if function is not None and name not in seen and not function.memoised:
            seen.add(name)
            waiting.extend(c.target for c in function.calls if c.target and not (c.once or c.background))
    return seen
