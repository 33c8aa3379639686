"""Which calls of a function does its caller exclude by what it hands over?

`def ask(session=None)` opens and commits a session of its own only where it was given none: a caller that passes one
never gets there. Going down the calls one carries what is `Known` of a function's parameters; going up, what it `Needs`.

The object whose method runs is such a parameter too: "self" is of the class "@Order" or must be one "in Order|Special", and
"self.tasks" is what it has under that name, if it is settled (`settled.py`). A call of the same object hands all of it on.
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


def pairs(texts: Iterable[str]) -> Iterable[tuple[str, str]]:
    """Name and test, or name and value, of what calls say."""
    for text in texts:
        name, _, state = text.partition(" ")
        yield name, state


def excludes(test: str, value: str) -> bool:
    """Whether a test fails for what has this value."""
    if test.startswith("in "):
        return value.startswith("@") and value[1:] not in test[3:].split("|")
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
    return not any(excludes(test, values.get(name, "")) for name, test in pairs(call.when))


def handed(call: Call, known: Known, target: Function) -> Known:
    """What is known of the parameters that the called function asks for."""
    if not target.asks or not (call.gives or call.on):
        return NOTHING
    values = {name: _implied(test) for name, test in pairs(call.when)} | dict(known)
    found = _with_object(call, values, target) if call.on else {}
    for name, value in pairs(call.gives):
        if name in target.asks:
            found[name] = values.get(value[1:], "") if value.startswith("=") else value
    return frozenset((name, value) for name, value in found.items() if value)


def _with_object(call: Call, values: Mapping[str, str], target: Function) -> dict[str, str]:
    """What is known of the object whose method is called."""
    found = {}
    if call.on.startswith("="):
        found = {name: values[name] for name in target.asks if is_of_object(name) and name in values}
    owner = call.on.removeprefix("=")
    if owner and "self" in target.asks and not found.get("self"):
        found["self"] = f"@{owner}"
    return found


def is_of_object(name: str) -> bool:
    """Whether it is the object whose method runs, or something that it has."""
    return name == "self" or name.startswith("self.")


def needs(call: Call) -> Needs:
    """What a function must have been given to come to a call in it."""
    return frozenset(pairs(call.when)) if call.when else NOTHING


def lift(wanted: Needs, call: Call) -> Needs | None:
    """What the caller must have been given for this call to give what is wanted; None where it never does."""
    if not wanted:
        return needs(call)
    gives = dict(pairs(call.gives))
    found = set(needs(call))
    own, owner = call.on[:1] == "=", call.on.removeprefix("=")
    for name, test in wanted:
        value = gives.get(name, "")
        if not value and is_of_object(name):
            value = f"={name}" if own else f"@{owner}" if name == "self" and owner else ""
        if excludes(test, value):
            return None
        if value.startswith("="):
            found.add((value[1:], test))
    implied = [(name, _implied(test)) for name, test in found]
    if any(excludes(test, value) for name, test in found for other, value in implied if name == other):
        return None
    return frozenset(found)


def asked_parameters(functions: Mapping[str, Function]) -> dict[str, tuple[str, ...]]:
    """The parameters of each function that choose a branch of it, or of a function that it hands them on to."""
    asked: dict[str, set[str]] = {}
    for function in functions.values():
        names = {name for call in function.calls for name, _ in pairs(call.when)}
        if names:
            asked[function.id] = names
    handing = _handing(functions)
    waiting = list(asked)
    while waiting:
        target = waiting.pop()
        for caller, name, own in handing.get(target, ()):
            given = {n for n in asked[target] if is_of_object(n)} if name == "=" else {own}
            if (name in asked[target] or name == "=") and not given <= asked.setdefault(caller, set()):
                asked[caller] |= given
                waiting.append(caller)
    return {function: tuple(sorted(names)) for function, names in asked.items() if names}


def _handing(functions: Mapping[str, Function]) -> dict[str, list[tuple[str, str, str]]]:
    """By function: who hands on which of its own parameters under which name; "=" for all of the object."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for function in functions.values():
        for call in function.calls:
            for name, value in pairs(call.gives):
                if value.startswith("="):
                    found.setdefault(call.target, []).append((function.id, name, value[1:]))
            if call.on[:1] == "=":
                found.setdefault(call.target, []).append((function.id, "=", ""))
    return found
