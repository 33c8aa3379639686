"""Where does a call lead to? The kinds of effects of everything that it runs."""

from __future__ import annotations

from collections.abc import Iterator

from strop.project.branches import NOTHING, Known, handed, runs
from strop.project.function import Call, Function
from strop.project.project import Project
from strop.rules.asking import changes
from strop.rules.burden import INSTANT

_DEAR = ("calls", "burns")
_KEEPS = frozenset({"add", "add_all", "delete", "merge", "flush", "bulk_save_objects"})
_MOST = 200  # functions below a call that are looked at


def leads(project: Project, call: Call) -> set[str]:
    """Kinds of effects of a call and of all that it runs in the request: calls, queries, commits, blocks ..."""
    return {c.effect.kind for c in (call, *calls_below(project, call)) if c.effect is not None}


def leads_dearer(project: Project, call: Call) -> bool:
    """Whether a call does, or may do, what costs a hundred questions to the database: another service, a file, a
    process, long computing, a sleep.
    """
    return _is_dearer(call) or any(_is_dearer(c) for c in calls_below(project, call) if not c.background)


def leads_change(project: Project, call: Call) -> bool:
    """Whether a call, or what it runs, says that it changes rows: a commit alone ends what only read, too."""
    return _keeps(call) or any(map(_keeps, calls_below(project, call)))


def _keeps(call: Call) -> bool:
    owner, _, last = call.name.rpartition(".")
    added = last in _KEEPS and owner.startswith(("sqlalchemy.", "sqlmodel."))
    return added or (call.effect is not None and call.effect.kind == "queries" and changes(call))


def _is_dearer(call: Call) -> bool:
    if call.effect is None:
        return False
    brief = ("database", INSTANT)
    return call.effect.kind in _DEAR or (
        call.effect.kind == "blocks" and not any(word in call.effect.note for word in brief)
    )


def below(project: Project, call: Call) -> set[str]:
    """The ids of the functions that a call runs in the request, the one that it calls itself too."""
    return {function.id for function, _ in _run(project, call)}


def calls_below(project: Project, call: Call) -> Iterator[Call]:
    """The calls that a call leads to in the request, without those that its arguments exclude."""
    return (c for function, known in _run(project, call) for c in function.calls if runs(c, known))


def _run(project: Project, call: Call) -> Iterator[tuple[Function, Known]]:
    seen: set[tuple[str, Known]] = set()
    waiting = [(call, NOTHING)]
    while waiting and len(seen) < _MOST:
        here, known = waiting.pop()
        target = project.source.functions.get(here.target)
        if target is None or target.memoised:
            continue
        there = target.id, handed(here, known, target)
        if there not in seen:
            seen.add(there)
            yield target, there[1]
            inner = (c for c in target.calls if c.target and not (c.once or c.background))
            waiting.extend((c, there[1]) for c in inner if runs(c, there[1]))
