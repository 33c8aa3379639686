"""What does calling a function do, through all that it calls?"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping

from strop.project.branches import Needs, lift, needs
from strop.project.function import Call, Chain, Effect, Function
from strop.span import Step

_HOLDS_THE_THREAD = frozenset({"blocks", "burns"})


def with_called(functions: Mapping[str, Function], begin: Iterable[Function]) -> dict[str, Function]:
    """These functions, and all that they call, in the order of the ids."""
    found = {function.id: function for function in begin}
    waiting = list(found.values())
    while waiting:
        for call in waiting.pop().calls:
            target = functions.get(call.target) if call.target not in found else None
            if target is not None:
                found[target.id] = target
                waiting.append(target)
    return dict(sorted(found.items()))


def effects(functions: Mapping[str, Function]) -> dict[str, tuple[tuple[Effect, Chain], ...]]:
    """What calling each of these functions does, through all of them that it calls: each effect once, with the
    shortest chain.

    Work that is memoised, done once or put off until after the answer is not the caller's; work in another
    thread is, but doesn't block it.
    """
    callers = _callers(functions)
    result: dict[str, list[tuple[Effect, Chain]]] = {}
    for effect, starts in sorted(_direct(functions).items(), key=lambda item: (item[0].kind, item[0].name)):
        for function, chain in _spread(effect, starts, callers).items():
            result.setdefault(function, []).append((effect, chain))
    return {function: tuple(result[function]) for function in sorted(result)}


def _counts(call: Call, effect: Effect) -> bool:
    if call.once or call.background:
        return False
    return not (call.off_loop and effect.kind in _HOLDS_THE_THREAD)


_At = tuple[str, Needs]  # a function, and what it must have been given for the effect to happen


def _direct(functions: Mapping[str, Function]) -> dict[Effect, dict[_At, Chain]]:
    found: dict[Effect, dict[_At, Chain]] = {}
    for function in functions.values():
        for call in function.calls:
            if call.effect is not None and _counts(call, call.effect):
                chain = (Step(call.text, call.span),)
                found.setdefault(call.effect, {}).setdefault((function.id, needs(call)), chain)
    return found


def _callers(functions: Mapping[str, Function]) -> dict[str, list[tuple[str, Call]]]:
    found: dict[str, list[tuple[str, Call]]] = {}
    for function in functions.values():
        for call in function.calls:
            target = functions.get(call.target)
            if target is not None and not target.memoised:
                found.setdefault(target.id, []).append((function.id, call))
    return found


def _spread(
    effect: Effect, starts: dict[_At, Chain], callers: dict[str, list[tuple[str, Call]]]
) -> dict[str, Chain]:
    """The shortest chain of each function, against the calls; those that a caller's arguments exclude left out."""
    ways = dict(starts)
    waiting = deque(ways)
    while waiting:
        at = waiting.popleft()
        for caller, call in callers.get(at[0], ()):
            wanted = lift(at[1], call) if _counts(call, effect) else None
            if wanted is not None and (caller, wanted) not in ways:
                ways[caller, wanted] = (Step(call.text, call.span), *ways[at])
                waiting.append((caller, wanted))
    found: dict[str, Chain] = {}
    for (function, _), chain in ways.items():
        if function not in found or len(chain) < len(found[function]):
            found[function] = chain
    return found
