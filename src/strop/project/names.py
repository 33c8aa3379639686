"""What does a dotted name mean, through imports, re-exports, star imports and packages?"""

from __future__ import annotations

from strop.project.found import Found
from strop.project.scope import Binding, Module, Ref, Scope

BUILTIN_TYPES = frozenset(
    {"bool", "bytearray", "bytes", "complex", "dict", "float", "frozenset", "int", "list", "object", "set"}
    | {"str", "tuple", "type", "memoryview", "range"}
)


Member = tuple[list[Binding], Ref | None]


class Names:
    """Resolves dotted names over all modules."""

    def __init__(self, found: Found) -> None:
        self.found = found
        self._splits: dict[str, tuple[str, Ref, list[str]]] = {}
        self._members: dict[tuple[str, str], tuple[Member, frozenset[str]]] = {}

    def split(self, dotted: str) -> tuple[Ref, list[str]]:
        """The longest prefix that is a module or package of the project, and the names after it."""
        known = self._splits.get(dotted)
        if known is None:
            known = self._splits[dotted] = self._split(dotted)
        key, ref, rest = known
        self.found.watch.current.add(key)
        return ref, rest

    def _split(self, dotted: str) -> tuple[str, Ref, list[str]]:
        prefix = self.found.prefix(dotted)
        if not prefix:
            return f"?{dotted.partition('.')[0]}", Ref("name", dotted), []
        rest = dotted[len(prefix) + 1 :]
        return f"?{dotted}", Ref("module", prefix), rest.split(".") if rest else []

    def member(self, module: str, name: str) -> Member:
        """What a module calls by this name: its bindings, or a submodule; ([], None) when it has none."""
        known = self._members.get((module, name))
        if known is None:
            noted: set[str] = set()
            member = self._find_member(module, name, noted, set())
            known = self._members[module, name] = (member, frozenset(noted))
        self.found.watch.current |= known[1]
        return known[0]

    def _find_member(self, module: str, name: str, noted: set[str], passed: set[str]) -> Member:
        passed.add(module)
        node = self.found.module(module)
        noted.add(f"{module}:{name}")
        if node is not None and name in node.space.names:
            return node.space.names[name], None
        below = f"{module}.{name}"
        noted.add(f"?{below}")
        if below in self.found.entries or below in self.found.packages:
            return [], Ref("module", below)
        return self._from_stars(node, name, noted, passed) if node is not None else ([], None)

    def _from_stars(self, node: Module, name: str, noted: set[str], passed: set[str]) -> Member:
        noted.add(f"{node.name}:<stars>")
        for star in node.stars if not name.startswith("_") else ():
            noted.add(f"?{star}")
            start = self.found.prefix(star)
            if start == star and start not in passed:
                bindings, ref = self._find_member(start, name, noted, passed)
                if bindings or ref is not None:
                    return bindings, ref
        return [], None

    def visible(self, scope: Scope, name: str, line: int) -> tuple[list[Binding], Ref | None]:
        """The bindings that a use of `name` on `line` may see, from the innermost namespace outwards."""
        here: Scope | None = scope
        inner = True
        while here is not None and here.kind != "module":
            if name in here.names and (inner or here.kind != "class"):
                return (reaching(here.names[name], line) if inner else here.names[name]), None
            inner = inner and here.kind == "comprehension"
            here = here.parent
        return self.member(scope.module.name, name)


def reaching(bindings: list[Binding], line: int) -> list[Binding]:
    """The bindings before a line, back to the last one that certainly happened."""
    chosen = []
    for binding in reversed(bindings):
        if binding.line >= line:
            continue
        chosen.append(binding)
        start, end = binding.block
        if start <= line <= end:
            break
    return chosen or bindings
