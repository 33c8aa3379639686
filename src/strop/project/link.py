"""Which methods does a call of an abstract method run, and which parameters choose a branch of a function or of what it
calls? Told by all files together, after every one was read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec.structs import replace

from strop.project.branches import asked_parameters
from strop.project.function import Call, Class, Function

_MANY = 6  # an abstract method with more implementations says nothing about this call


def link(functions: Mapping[str, Function], classes: Mapping[str, Class]) -> dict[str, Function]:
    """The functions, with calls of abstract methods replaced by calls of what implements them."""
    linker: _Linker | None = None
    linked = {}
    for function in functions.values():
        if any(call.is_abstract for call in function.calls):
            linker = linker or _Linker(functions, classes)
            function = replace(function, calls=tuple(linker.calls(function.calls)))
        linked[function.id] = function
    for name, asks in asked_parameters(linked).items():
        linked[name] = replace(linked[name], asks=asks)
    return linked


class _Linker:
    def __init__(self, functions: Mapping[str, Function], classes: Mapping[str, Class]) -> None:
        self.functions = functions
        self.classes = {each.name: each for each in classes.values()}
        self.named = {f.name: f for f in functions.values() if _is_main(f)}
        self.methods: dict[str, dict[str, Function]] = {}
        for name, function in self.named.items():
            owner, _, method = name.rpartition(".")
            if owner in self.classes:
                self.methods.setdefault(owner, {})[method] = function
        self.below: dict[str, list[str]] = {}
        for each in classes.values():
            for base in each.bases:
                self.below.setdefault(base, []).append(each.name)
        self._alikes: dict[str, list[str]] = {}

    def calls(self, calls: Iterable[Call]) -> Iterator[Call]:
        """These calls, each abstract one replaced."""
        for call in calls:
            if not call.is_abstract or call.target not in self.functions:
                yield call
                continue
            for target in self.implementations(self.functions[call.target]):
                off = call.off_loop or target.off_loop
                yield replace(call, name=target.name, target=target.id, off_loop=off, is_abstract=False)

    def implementations(self, function: Function) -> list[Function]:
        """Those that implement an abstract method (few, else the method itself)."""
        owner, _, method = function.name.rpartition(".")
        if owner not in self.classes:
            return [function]
        found = {}
        for name in (*self.below.get(self.classes[owner].id, ()), *self._alike(self.classes[owner])):
            below = self.named.get(f"{name}.{method}")
            if below is not None and not below.is_abstract:
                found[below.id] = below
        return list(found.values()) if 0 < len(found) <= _MANY else [function]

    def _alike(self, protocol: Class) -> list[str]:
        """Classes that have every method of a protocol, with the same parameters."""
        if protocol.name not in self._alikes:
            is_protocol = any(base.rpartition(".")[2] == "Protocol" for base in protocol.library_bases)
            self._alikes[protocol.name] = list(self._find_alike(protocol)) if is_protocol else []
        return self._alikes[protocol.name]

    def _find_alike(self, protocol: Class) -> Iterator[str]:
        wanted = self.methods.get(protocol.name, {})
        for name, methods in self.methods.items() if wanted else ():
            if name == protocol.name or not wanted.keys() <= methods.keys():
                continue
            if all(methods[m].parameters == function.parameters for m, function in wanted.items()):
                yield name


def _is_main(function: Function) -> bool:
    """Whether this is what the name stands for: not the setter of a property."""
    symbol = function.id.partition(":")[2]
    return symbol == function.span.symbol or symbol.startswith(f"{function.span.symbol}@")
