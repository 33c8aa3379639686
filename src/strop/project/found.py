"""Which modules, classes and functions does the project define? A file is parsed when somebody asks for what is in it."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from typing import TypeVar

from msgspec import Struct

from strop.project.files import module_name
from strop.project.scope import ClassNode, FunctionNode, Module
from strop.project.watch import Watch

Node = TypeVar("Node", ClassNode, FunctionNode)


class Entry(Struct, frozen=True):
    """One file: its dotted name, and whether it is a package's `__init__`."""

    name: str
    file: str
    is_package: bool


def index(files: Iterable[str], sources: tuple[str, ...]) -> dict[str, Entry]:
    """The dotted name of every file (relative to the root), in the order of the files."""
    found: dict[str, Entry] = {}
    for file in files:
        name = module_name(file, sources)
        if name in found:  # the same dotted name below two source folders: the first one wins
            name = module_name(file, (".",))
        if name not in found:
            found[name] = Entry(name, file, file.endswith("__init__.py"))
    return found


class Found:
    """The definitions of all files, by dotted name; functions by id as well."""

    def __init__(
        self,
        entries: Mapping[str, Entry],
        load: Callable[[Entry], Module],
        watch: Watch,
        packages: Container[str] | None = None,
    ) -> None:
        self.entries = entries
        self.watch = watch
        self.packages = _packages(entries) if packages is None else packages  # folders, as dotted names
        self.loaded: dict[str, Module] = {}
        self._load = load
        self._nodes: dict[str, ClassNode | None] = {}
        self._functions: dict[str, FunctionNode | None] = {}
        self.modules = _Modules(self)
        self.classes = _Classes(self)
        self.functions = _Functions(self)

    @property
    def by_id(self) -> dict[str, FunctionNode]:
        """Every function; what only concerns one file takes `Module.by_id`, which doesn't parse all others."""
        self.watch.note("*")
        return {key: node for module in self.modules.values() for key, node in module.by_id.items()}

    def module(self, name: str) -> Module | None:
        """The module of this dotted name, parsed; None when the project has none."""
        module = self.loaded.get(name)
        if module is None and name in self.entries:
            module = self.loaded[name] = self._load(self.entries[name])
        return module

    def prefix(self, dotted: str) -> str:
        """The longest prefix of a dotted name that is a module or package of the project; "" for a library's."""
        while dotted and dotted not in self.entries and dotted not in self.packages:
            dotted = dotted.rpartition(".")[0]
        return dotted

    def class_(self, name: str) -> ClassNode | None:
        """The class of this dotted name, its key not noted."""
        try:
            return self._nodes[name]
        except KeyError:
            found = self._nodes[name] = self._find(name, lambda module: module.classes)
            return found

    def function(self, name: str) -> FunctionNode | None:
        """The function or method of this dotted name; its key is noted, whether there is one or not."""
        try:
            found = self._functions[name]
        except KeyError:
            found = self._functions[name] = self._find(name, lambda module: module.functions)
        if found is not None:
            self.watch.note(found.key)
        else:
            self.note_missing(name)
        return found

    def note_missing(self, name: str) -> None:
        """That there is nothing of this name was looked at."""
        module = self._holder(name)
        if module:
            self.watch.note(f"{module}:{name[len(module) + 1 :]}")

    def _find(self, name: str, within: Callable[[Module], dict[str, Node]]) -> Node | None:
        prefix = self._holder(name)
        while prefix:
            module = self.module(prefix)
            if module is not None and name in (names := within(module)):
                return names[name]
            prefix = self._holder(prefix)
        module = self.module("") if "" in self.entries else None
        return within(module).get(name) if module is not None else None

    def _holder(self, name: str) -> str:
        """The longest prefix of a dotted name that is a file's."""
        prefix = name.rpartition(".")[0]
        if prefix.partition(".")[0] not in self.packages and prefix.partition(".")[0] not in self.entries:
            return ""
        while prefix and prefix not in self.entries:
            prefix = prefix.rpartition(".")[0]
        return prefix


class _Modules(Mapping[str, Module]):
    """Every module, parsed when it is taken."""

    def __init__(self, found: Found) -> None:
        self.found = found

    def __getitem__(self, name: str) -> Module:
        self.found.watch.note(f"?{name}")
        module = self.found.module(name)
        if module is None:
            raise KeyError(name)
        return module

    def __contains__(self, name: object) -> bool:
        self.found.watch.note(f"?{name}")
        return name in self.found.entries

    def __iter__(self) -> Iterator[str]:
        self.found.watch.note("?*")
        return iter(self.found.entries)

    def __len__(self) -> int:
        return len(self.found.entries)


class _Classes(Mapping[str, ClassNode]):
    """Every class by its dotted name."""

    def __init__(self, found: Found) -> None:
        self.found = found

    def __getitem__(self, name: str) -> ClassNode:
        node = self.found.class_(name)
        if node is None:
            self.found.note_missing(name)
            raise KeyError(name)
        self.found.watch.note(node.key)
        return node

    def __iter__(self) -> Iterator[str]:
        self.found.watch.note("*")
        for module in self.found.modules.values():
            yield from module.classes

    def __len__(self) -> int:
        return sum(len(module.classes) for module in self.found.modules.values())


class _Functions(Mapping[str, FunctionNode]):
    """Every function by its dotted name."""

    def __init__(self, found: Found) -> None:
        self.found = found

    def __getitem__(self, name: str) -> FunctionNode:
        node = self.found.function(name)
        if node is None:
            raise KeyError(name)
        return node

    def __iter__(self) -> Iterator[str]:
        self.found.watch.note("*")
        for module in self.found.modules.values():
            yield from module.functions

    def __len__(self) -> int:
        return sum(len(module.functions) for module in self.found.modules.values())


def _packages(names: Iterable[str]) -> frozenset[str]:
    prefixes: set[str] = set()
    for name in names:
        parts = name.split(".")
        prefixes.update(".".join(parts[:count]) for count in range(1, len(parts)))
    return frozenset(prefixes)
