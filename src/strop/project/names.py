"""What does a dotted name mean, through imports, re-exports, star imports and packages?"""

from __future__ import annotations

from strop.project.collect import Found
from strop.project.scope import Binding, Module, Ref, Scope

BUILTIN_TYPES = frozenset(
    {"bool", "bytearray", "bytes", "complex", "dict", "float", "frozenset", "int", "list", "object", "set"}
    | {"str", "tuple", "type", "memoryview", "range"}
)


class Names:
    """Resolves dotted names over all collected modules."""

    def __init__(self, found: Found) -> None:
        self.found = found
        self.packages = _packages(found)
        self._members: dict[tuple[str, str], tuple[list[Binding], Ref | None]] = {}

    def split(self, dotted: str) -> tuple[Ref, list[str]]:
        """The longest prefix that is a module or package of the project, and the names after it."""
        parts = dotted.split(".")
        for count in range(len(parts), 0, -1):
            prefix = ".".join(parts[:count])
            if prefix in self.found.modules or prefix in self.packages:
                return Ref("module", prefix), parts[count:]
        return Ref("name", dotted), []

    def member(self, module: str, name: str) -> tuple[list[Binding], Ref | None]:
        """What a module calls by this name: its bindings, or a submodule; ([], None) when it has none."""
        key = (module, name)
        if key not in self._members:
            self._members[key] = ([], None)  # a cycle of star imports ends here
            self._members[key] = self._find_member(module, name)
        return self._members[key]

    def _find_member(self, module: str, name: str) -> tuple[list[Binding], Ref | None]:
        node = self.found.modules.get(module)
        if node is not None and name in node.scope.names:
            return node.scope.names[name], None
        below = f"{module}.{name}"
        if below in self.found.modules or below in self.packages:
            return [], Ref("module", below)
        return self._from_stars(node, name) if node is not None else ([], None)

    def _from_stars(self, node: Module, name: str) -> tuple[list[Binding], Ref | None]:
        for star in node.stars:
            start, rest = self.split(star)
            if start.kind == "module" and not rest and not name.startswith("_"):
                bindings, ref = self.member(start.name, name)
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


def _packages(found: Found) -> frozenset[str]:
    prefixes: set[str] = set()
    for name in found.modules:
        parts = name.split(".")
        prefixes.update(".".join(parts[:count]) for count in range(1, len(parts)))
    return frozenset(prefixes)
