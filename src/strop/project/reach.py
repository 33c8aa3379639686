"""Which functions run for which route, and where: on the loop, in a thread, at start-up, once?"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from strop.project.entries import Entry, entries
from strop.project.function import Call, Context, Effect, Function, Reach
from strop.project.project import Imported, Source
from strop.span import Step

Chain = tuple[Step, ...]
_HOLDS_THE_THREAD = frozenset({"blocks", "burns"})


@dataclass(frozen=True, slots=True)
class _Visit:
    """A function in a context, and the calls that lead there from an entry."""

    function: str
    context: Context
    path: Chain


def reaches(imported: Imported, source: Source) -> dict[str, tuple[Reach, ...]]:
    """Every way from a route to a function: one a route and context, with the shortest chain of calls.

    A chain begins at the route. What no route reaches but start-up or import does has route "".
    An `async def` background task runs in context "background", a `def` one in "thread"; what
    `lru_cache` or a filled global keeps from happening again runs in context "once".
    """
    trees: dict[tuple[str, Context], list[_Visit]] = {}
    found: dict[tuple[str, str, Context], Chain] = {}
    for entry in entries(imported, source):
        key = (entry.function, entry.context)
        if key not in trees:
            trees[key] = list(_walk(source, *key))
        for visit in trees[key]:
            _keep_shortest(found, entry, visit)
    result: dict[str, list[Reach]] = {}
    for (function, route, context), chain in sorted(found.items(), key=lambda item: item[0]):
        result.setdefault(function, []).append(Reach(function, context, route, chain))
    return {function: tuple(ways) for function, ways in result.items()}


def _keep_shortest(found: dict[tuple[str, str, Context], Chain], entry: Entry, visit: _Visit) -> None:
    key = (visit.function, entry.route, visit.context)
    known = found.get(key)
    if known is None or len(entry.chain) + len(visit.path) < len(known):
        found[key] = entry.chain + visit.path


def _walk(source: Source, function: str, context: Context) -> Iterator[_Visit]:
    """Breadth first, so the first visit has the shortest path."""
    start = source.functions[function]
    first = _Visit(function, _start(start, context), ())
    seen = {(first.function, first.context)}
    waiting = deque([first])
    while waiting:
        visit = waiting.popleft()
        yield visit
        for call in source.functions[visit.function].calls:
            target = source.functions.get(call.target)
            if target is None:
                continue
            there = _context(visit.context, call, target)
            if (target.id, there) not in seen:
                seen.add((target.id, there))
                waiting.append(_Visit(target.id, there, (*visit.path, Step(call.text, call.span))))


def _start(function: Function, context: Context) -> Context:
    if function.memoised:
        return "once"
    return "thread" if function.off_loop and context == "loop" else context


def _context(context: Context, call: Call, target: Function) -> Context:
    """Where a call from this context runs."""
    if target.memoised or call.once:
        return "once"
    if context in ("once", "startup", "import"):
        return context
    if call.off_loop:
        return "thread"
    if call.background:
        return "background" if target.is_async else "thread"
    return context


def effects(source: Source) -> dict[str, tuple[tuple[Effect, Chain], ...]]:
    """What calling each function does, through all that it calls: each effect once, with the shortest chain.

    Work that is memoised, done once or put off until after the answer is not the caller's; work in another
    thread is, but doesn't block it.
    """
    callers = _callers(source)
    result: dict[str, list[tuple[Effect, Chain]]] = {}
    for effect, starts in sorted(_direct(source).items(), key=lambda item: (item[0].kind, item[0].name)):
        for function, chain in _spread(effect, starts, callers).items():
            result.setdefault(function, []).append((effect, chain))
    return {function: tuple(result[function]) for function in sorted(result)}


def _counts(call: Call, effect: Effect) -> bool:
    if call.once or call.background:
        return False
    return not (call.off_loop and effect.kind in _HOLDS_THE_THREAD)


def _direct(source: Source) -> dict[Effect, dict[str, Chain]]:
    found: dict[Effect, dict[str, Chain]] = {}
    for function in source.functions.values():
        for call in function.calls:
            if call.effect is not None and _counts(call, call.effect):
                chain = (Step(call.text, call.span),)
                found.setdefault(call.effect, {}).setdefault(function.id, chain)
    return found


def _callers(source: Source) -> dict[str, list[tuple[str, Call]]]:
    found: dict[str, list[tuple[str, Call]]] = {}
    for function in source.functions.values():
        for call in function.calls:
            target = source.functions.get(call.target)
            if target is not None and not target.memoised:
                found.setdefault(target.id, []).append((function.id, call))
    return found


def _spread(
    effect: Effect, starts: dict[str, Chain], callers: dict[str, list[tuple[str, Call]]]
) -> dict[str, Chain]:
    found = dict(starts)
    waiting = deque(found)
    while waiting:
        function = waiting.popleft()
        for caller, call in callers.get(function, ()):
            if caller not in found and _counts(call, effect):
                found[caller] = (Step(call.text, call.span), *found[function])
                waiting.append(caller)
    return found
