"""Which methods does a call of an abstract method run, and which parameters choose a branch of a function or of what it
calls? Told by all files together, after every one was read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from msgspec.structs import replace

from strop.project.branches import asked_parameters, excludes, pairs
from strop.project.function import Call, Class, Function
from strop.project.settled import Settled

_MANY = 6  # an abstract method with more implementations says nothing about this call


def link(functions: Mapping[str, Function], classes: Mapping[str, Class]) -> dict[str, Function]:
    """The functions, with calls of abstract methods replaced by calls of what implements them."""
    linker: _Linker | None = None
    settled = Settled(functions, classes)
    linked = {}
    for function in functions.values():
        if any(call.is_abstract for call in function.calls):
            linker = linker or _Linker(functions, classes, settled)
            function = replace(function, calls=tuple(linker.calls(function.calls)))
        linked[function.id] = settled.told(function)
    for name, asks in asked_parameters(linked).items():
        linked[name] = replace(linked[name], asks=asks)
    return linked


class _Linker:
    def __init__(
        self, functions: Mapping[str, Function], classes: Mapping[str, Class], settled: Settled
    ) -> None:
        self.functions = functions
        self.settled = settled
        self.by_id = classes
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
            abstract = self.functions[call.target]
            for target, told in self._possible(call, abstract, self.implementations(abstract)):
                off = call.off_loop or target.off_loop
                yield replace(told, name=target.name, target=target.id, off_loop=off, is_abstract=False)

    def _possible(self, call: Call, abstract: Function, found: list[Function]) -> list[tuple[Function, Call]]:
        """Those that the object may have, each with what the call then tells of it; all where that leaves none."""
        if len(found) < 2 or not found[0].name:
            return [(target, call) for target in found]
        told = [(target, self._on(call, abstract, target)) for target in found]
        left = [(target, each) for target, each in told if each is not None]
        return left or [(target, call) for target in found]

    def _on(self, call: Call, abstract: Function, target: Function) -> Call | None:
        """The call where this is what it runs; None where the object can't be one that has it."""
        owner, _, method = target.name.rpartition(".")
        having = self._having(owner, method)
        views = {owner for name in having for owner in self._above(name)} | {abstract.name.rpartition(".")[0]}
        facts = self.settled.shared(having)
        told = tuple(f"{name} {value}" for name, value in facts.items())
        if call.on[:1] == "=":
            return replace(call, when=(*call.when, f"self in {'|'.join(sorted(views))}", *told))
        other = bool(call.on) and call.on not in views
        if other or any(excludes(test, facts.get(name, "")) for name, test in pairs(call.gives)):
            return None
        return replace(call, gives=(*call.gives, *told)) if told else call

    def _having(self, owner: str, method: str) -> list[str]:
        """The classes whose objects have this method of a class: itself, and those below that don't replace it."""
        names = [owner, *self.below.get(self.classes[owner].id, ())] if owner in self.classes else [owner]
        return [name for name in names if self._has(name, method) == owner]

    def _has(self, name: str, method: str) -> str:
        return next((c for c in self._above(name) if method in self.methods.get(c, ())), "")

    def _above(self, name: str) -> list[str]:
        """A class and those above it, in order of look-up."""
        own = self.classes.get(name)
        return (
            [name, *(self.by_id[b].name for b in own.bases if b in self.by_id)] if own is not None else [name]
        )

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
