"""What of an object stays as it is: attributes that only constructors and class bodies set, methods that always give the same?

Told by all files together. Of what may change nothing is handed on from call to call.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from msgspec.structs import replace

from strop.project.function import Call, Class, Function

_STATES = {"True": "true", "False": "false", "None": "none"}
_BARE = frozenset({"abc.ABC", "typing.Protocol", "typing.Generic", "object"})


class Settled:
    """What stays, in a project."""

    def __init__(self, functions: Mapping[str, Function], classes: Mapping[str, Class]) -> None:
        self.functions = functions
        self.classes = classes

    def told(self, function: Function) -> Function:
        """The function, without what its calls tell of members that may change."""
        if not any(map(_speaks, function.calls)):
            return function
        calls = tuple(self._told(call) if _speaks(call) else call for call in function.calls)
        return function if calls == function.calls else replace(function, calls=calls)

    def _told(self, call: Call) -> Call:
        when, gives = tuple(filter(self._stays, call.when)), tuple(filter(self._stays, call.gives))
        return replace(call, when=when, gives=gives)

    def _stays(self, text: str) -> bool:
        name = text.partition(" ")[0]
        if not name.startswith("self."):
            return True
        return name in self._fixed

    @cached_property
    def _fixed(self) -> frozenset[str]:
        """ "self.name" and "self.name()" of all that stay."""
        moving: set[str] = set()
        made: set[str] = set()
        methods: set[str] = set()
        for function in self.functions.values():
            for name in function.sets:
                (made if name[0] == "=" else moving).add(name.removeprefix("="))
            owner, _, last = function.name.rpartition(".")
            if owner in self._by_name and not function.is_abstract:
                (methods if function.constant else moving).add(last)
        members = {m.name for c in self.classes.values() for m in c.members}
        self._made = made
        attributes = {f"self.{name}" for name in (made | members | methods) - moving}
        return frozenset(attributes | {f"self.{name}()" for name in methods - moving})

    @cached_property
    def _by_name(self) -> dict[str, Class]:
        return {each.name: each for each in self.classes.values()}

    @cached_property
    def _asked(self) -> tuple[str, ...]:
        """What calls of this project hang on, or tell."""
        every = (
            text.partition(" ")[0]
            for f in self.functions.values()
            for c in f.calls
            for text in (*c.when, *c.gives)
        )
        return tuple(sorted({name for name in every if name.startswith("self.") and name in self._fixed}))

    @cached_property
    def _methods(self) -> dict[str, Function]:
        return {f.name: f for f in self.functions.values()}

    def shared(self, names: Iterable[str]) -> dict[str, str]:
        """What is so of the objects of all these classes."""
        found = [dict(self._of(name)) for name in names]
        if not found:
            return {}
        return {k: v for k, v in found[0].items() if all(other.get(k) == v for other in found)}

    def _of(self, name: str) -> Iterator[tuple[str, str]]:
        own = self._by_name.get(name)
        if own is None:
            return
        above = [own, *(self.classes[b] for b in own.bases if b in self.classes)]
        for asked in self._asked:
            state = next(filter(None, (self._state(each, asked[5:]) for each in above)), "")
            if state and state != "?":
                yield asked, state

    def _state(self, owner: Class, name: str) -> str:
        """What a class itself says of a member: its state, "?" where that can't be told, "" where it says nothing."""
        method = self._methods.get(f"{owner.name}.{name.removesuffix('()')}")
        if method is not None:
            return method.constant or "?"
        if name in self._made or name.endswith("()"):
            return "?" if name in self._made else ""
        member = next((m for m in owner.members if m.name == name), None)
        if member is None:
            return ""
        is_field = bool(member.annotation) and (owner.decorators or not _BARE.issuperset(owner.library_bases))
        return "?" if is_field else _STATES.get(member.value, "?")


def _speaks(call: Call) -> bool:
    """Whether a call tells something of members of an object."""
    if not call.when and not call.gives:  # most of them
        return False
    return any(text.startswith("self.") for text in (*call.when, *call.gives))
