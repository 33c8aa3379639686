"""Which calls of a function does its caller exclude by what it hands over?

`def ask(session=None)` opens and commits a session of its own only where it was given none: a caller that passes one
never gets there. Going down the calls one carries what is `Known` of a function's parameters; going up, what it `Needs`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from strop.project.function import Call, Function

Known = frozenset[tuple[str, str]]  # parameter, value
Needs = frozenset[tuple[str, str]]  # parameter, test
NOTHING: Known = frozenset()
_EXCLUDED = {
    ("none", "set"),
    ("none", "true"),
    ("none", "false"),
    ("set", "none"),
    ("true", "none"),
    ("true", "false"),
    ("true", "empty"),
    ("false", "true"),
}  # test, value
_IMPLIED = {
    "none": "none",
    "set": "set",
    "true": "true",
    "false": "empty",
}  # test, value: empty may be None or false


def _implied(test: str) -> str:
    """What is known of a value for which a test holds."""
    return _IMPLIED.get(test) or (f"a {test[3:]}" if test.startswith("is ") else "")


def _pairs(texts: Iterable[str]) -> Iterable[tuple[str, str]]:
    for text in texts:
        name, _, state = text.partition(" ")
        yield name, state


def _excludes(test: str, value: str) -> bool:
    """Whether a test fails for what has this value."""
    if not value.startswith("a "):
        return (test, value) in _EXCLUDED or (test.startswith("is ") and value == "none")
    kind = value[2:]
    if test.startswith("is "):
        return kind != test[3:]
    return test == "none" or test == f"not {kind}"


def runs(call: Call, known: Known) -> bool:
    """Whether a function of whose parameters this is known may come to this call."""
    if not known or not call.when:
        return True
    values = dict(known)
    return not any(_excludes(test, values.get(name, "")) for name, test in _pairs(call.when))


def handed(call: Call, known: Known, target: Function) -> Known:
    """What is known of the parameters that the called function asks for."""
    if not target.asks or not call.gives:
        return NOTHING
    values = {name: _implied(test) for name, test in _pairs(call.when)} | dict(known)
    found = {}
    for name, value in _pairs(call.gives):
        if name in target.asks:
            found[name] = values.get(value[1:], "") if value.startswith("=") else value
    return frozenset((name, value) for name, value in found.items() if value)


def needs(call: Call) -> Needs:
    """What a function must have been given to come to a call in it."""
    return frozenset(_pairs(call.when)) if call.when else NOTHING


def lift(wanted: Needs, call: Call) -> Needs | None:
    """What the caller must have been given for this call to give what is wanted; None where it never does."""
    if not wanted:
        return needs(call)
    gives = dict(_pairs(call.gives))
    found = set(needs(call))
    for name, test in wanted:
        value = gives.get(name, "")
        if _excludes(test, value):
            return None
        if value.startswith("="):
            found.add((value[1:], test))
    implied = [(name, _implied(test)) for name, test in found]
    if any(_excludes(test, value) for name, test in found for other, value in implied if name == other):
        return None
    return frozenset(found)


def asked_parameters(functions: Mapping[str, Function]) -> dict[str, tuple[str, ...]]:
    """The parameters of each function that choose a branch of it, or of a function that it hands them on to."""
    asked: dict[str, set[str]] = {}
    for function in functions.values():
        names = {name for call in function.calls for name, _ in _pairs(call.when)}
        if names:
            asked[function.id] = names
    handing = _handing(functions)
    waiting = list(asked)
    while waiting:
        target = waiting.pop()
        for caller, name, own in handing.get(target, ()):
            if name in asked[target] and own not in asked.setdefault(caller, set()):
                asked[caller].add(own)
                waiting.append(caller)
    return {function: tuple(sorted(names)) for function, names in asked.items() if names}


def _handing(functions: Mapping[str, Function]) -> dict[str, list[tuple[str, str, str]]]:
    """By function: who hands on which of its own parameters under which name."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for function in functions.values():
        for call in function.calls:
            for name, value in _pairs(call.gives):
                if value.startswith("="):
                    found.setdefault(call.target, []).append((function.id, name, value[1:]))
    return found
