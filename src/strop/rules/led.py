"""Where does a call lead to? The kinds of effects of everything that it runs."""

from __future__ import annotations

from strop.project.function import Call
from strop.project.project import Project
from strop.rules.asking import changes

_DEAR = ("calls", "burns")
_KEEPS = frozenset({"add", "add_all", "delete", "merge", "flush", "bulk_save_objects"})
_MOST = 200  # functions below a call that are looked at


def leads(project: Project, call: Call) -> set[str]:
    """Kinds of effects of a call and of all that it runs in the request: calls, queries, commits, blocks ..."""
    kinds = {call.effect.kind} if call.effect is not None else set()
    for function in below(project, call):
        kinds |= {c.effect.kind for c in project.source.functions[function].calls if c.effect is not None}
    return kinds


def leads_dearer(project: Project, call: Call) -> bool:
    """Whether a call does, or may do, what costs a hundred questions to the database: another service, a file, a
    process, long computing, a sleep.
    """
    if _is_dearer(call):
        return True
    functions = project.source.functions
    return any(
        _is_dearer(c) for name in below(project, call) for c in functions[name].calls if not c.background
    )


def leads_change(project: Project, call: Call) -> bool:
    """Whether a call, or what it runs, says that it changes rows: a commit alone ends what only read, too."""
    functions = project.source.functions
    return _keeps(call) or any(_keeps(c) for name in below(project, call) for c in functions[name].calls)


def _keeps(call: Call) -> bool:
    owner, _, last = call.name.rpartition(".")
    added = last in _KEEPS and owner.startswith(("sqlalchemy.", "sqlmodel."))
    return added or (call.effect is not None and call.effect.kind == "queries" and changes(call))


def _is_dearer(call: Call) -> bool:
    if call.effect is None:
        return False
    return call.effect.kind in _DEAR or (call.effect.kind == "blocks" and "database" not in call.effect.note)


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
