"""What is a dotted name of an installed library: a function that gives what, an attribute of which type, a class?

The library's text is read like the project's own, signatures alone: its annotations, through its imports and bases. A
class has the name that the catalogue knows it by, else the one it is defined under.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from msgspec.structs import replace

from strop.project.catalogue import Catalogue
from strop.project.collect import collect
from strop.project.found import Entry, Found
from strop.project.infer import Types
from strop.project.libraries.shelf import Shelf
from strop.project.libraries.skeleton import skeleton
from strop.project.members import is_property
from strop.project.parse import parse_text
from strop.project.refs import join
from strop.project.scope import FunctionNode, Module, Ref
from strop.project.spelling import last_name
from strop.project.watch import Watch

_LARGEST = 1_000_000  # characters of a module that is read
_MOST = 24_000_000  # characters that are read altogether
_VAGUE = frozenset({"typing.Any", "object", "typing_extensions.Any"})
_SELF = frozenset({"typing.Self", "typing_extensions.Self"})


class Known(NamedTuple):
    """What is known of a dotted name. `gives` is the type of a function's result or of a value, in which type variables
    stand for what a use knows: "Self" the receiver, "T0" its first type argument, "A1" the first argument.
    """

    kind: str  # function, value, class; "" when nothing is known
    gives: Ref | None = None
    name: str = (
        ""  # the name by which the catalogue may know it: of a method that of the class that defines it
    )


NOTHING = Known("")


class Library:
    """The libraries of one environment. What was found out once is kept in `answers`, by dotted name."""

    def __init__(
        self, folders: tuple[Path, ...], catalogue: Catalogue, answers: dict[str, Known] | None = None
    ) -> None:
        self.answers = {} if answers is None else answers
        self.fresh: set[str] = set()  # names that were asked for the first time
        self._catalogue = catalogue
        self._shelf = Shelf(folders)
        self._read = 0  # characters so far
        self._offered = _offered(catalogue)
        self._paths = frozenset(_paths(catalogue))
        self._last = frozenset(name.rpartition(".")[2] for name in catalogue.effects)
        self._named: dict[str, str] = {}
        self._begin()

    def _begin(self) -> None:
        found = Found(self._shelf, self._load, Watch(), self._shelf.packages)
        self._types = Types(found, replace(Catalogue(), aliases=self._catalogue.aliases))

    def look(self, name: str) -> Known:
        """What is known of a dotted name."""
        known = self.answers.get(name)
        if known is None:
            self.fresh.add(name)
            try:
                known = self._look(name)
            except RecursionError:
                self._begin()  # what was half worked out is begun again when it is asked for
                known = NOTHING
            self.answers[name] = known
        return known

    def learn(self, answers: dict[str, Known]) -> None:
        """Take over what another process found out."""
        self.answers.update(answers)
        self.fresh.update(answers)

    def value(self, name: str, receiver: Ref | None) -> Ref | None:
        """The type of an attribute or constant; None for all else, and where the catalogue follows its name further."""
        if self._is_followed(name):
            return None
        known = self.look(name)
        return fill(known.gives, receiver, lambda: None) if known.kind == "value" else None

    def result(self, name: str, receiver: Ref | None, argument: Callable[[], Ref | None]) -> Ref | None:
        """What calling a function or method gives; of a class nothing is said."""
        known = self.look(name)
        if known.kind != "function":
            return None
        owner = known.name.rpartition(".")[0]
        if receiver is None and owner[:1] and self.look(owner).kind == "class":
            receiver = Ref("instance", name.rpartition(".")[0])
        return fill(known.gives, receiver, argument)

    def inherited(self, name: str) -> str:
        """The name of the method that a call of this name runs, where that may be one that the catalogue knows; else ""."""
        known = self.look(name).name if name.rpartition(".")[2] in self._last else ""
        return known if known != name else ""

    def has(self, name: str) -> bool:
        """Whether there is anything of this name."""
        return bool(self.look(name).kind)

    def _is_followed(self, name: str) -> bool:
        return name in self._paths or any(f"{above}.**" in self._catalogue.effects for above in _above(name))

    def _load(self, entry: Entry) -> Module:
        text = ""
        if self._read < _MOST:
            try:
                text = Path(entry.file).read_text("utf-8", errors="replace")
            except OSError:
                text = ""
        text = text if len(text) <= _LARGEST else ""
        self._read += len(text)
        tree = parse_text(entry.file, text).tree
        module = Module(entry.name, entry.file, (), entry.is_package, self._types.watch)
        if tree is not None:
            collect(module, skeleton(tree))
        return module

    def _look(self, name: str) -> Known:
        start, rest = self._types.names.split(name)
        ref: Ref | None = start if start.kind == "module" else None
        owner = ""
        for part in rest:
            owner = ref.name if ref is not None and ref.kind in ("class", "instance") else ""
            ref = self._member(ref, part)
        match ref:
            case Ref(kind="function"):
                node = self._types.found.function(ref.name)
                return NOTHING if node is None else Known("function", self._result(node), self._method(node))
            case Ref(kind="class") if self._types.members.is_class(ref.name):
                return Known("class", None, self._public(ref.name))
            case Ref(kind="instance" | "union" | "typevar"):
                return Known("value", self._shown(ref, self._places(owner)))
        return NOTHING

    def _places(self, owner: str) -> dict[str, str]:
        """What the type variables of a class are called in answers."""
        own = self._types.members.own_parameters(owner) if owner else ()
        return {variable.name: f"T{place}" for place, variable in enumerate(own)}

    def _member(self, ref: Ref | None, part: str) -> Ref | None:
        """A part of a dotted name: of a class what its instances have."""
        if ref is None or ref.kind not in ("module", "class", "instance"):
            return None
        members = self._types.members
        if ref.kind == "module":
            return members.of(ref, part)
        if not members.is_class(ref.name):
            return None
        node = members.function(ref.name, part)
        if node is not None and not is_property(node):
            return Ref("function", node.name)
        args = ref.args if ref.kind == "instance" else tuple(members.own_parameters(ref.name))
        own = Ref("instance", ref.name, args)
        found = members.of(own, part)
        return found if found is not None and found.kind in ("instance", "union", "typevar") else None

    def _method(self, node: FunctionNode) -> str:
        if node.owner is None:
            return node.name
        return f"{self._public(node.owner.name)}.{node.definition.name}"

    def _result(self, node: FunctionNode) -> Ref | None:
        """The type of a function's result, in terms of what a call knows."""
        ref = self._types.result_of(node)
        if ref is None:
            return None
        owner = node.owner.name if node.owner is not None else ""
        return self._shown(ref, {**_by_arguments(node), **self._places(owner)})

    def _shown(self, ref: Ref, places: dict[str, str] | None = None) -> Ref | None:
        """A type as the project's reader knows it; None where it says nothing."""
        args = tuple(self._shown(arg, places) or Ref("name", "?") for arg in ref.args)
        match ref.kind:
            case "union":
                return join(self._shown(arg, places) for arg in ref.args)
            case "typevar":
                place = (places or {}).get(ref.name)
                return Ref("typevar", place) if place else None
            case "instance" if ref.name in _SELF:
                return Ref("typevar", "Self")
            case "instance" if ref.name in _VAGUE:
                return None
            case "instance":
                return Ref("instance", self._public(ref.name), args)
        return None

    def _public(self, name: str) -> str:
        """The name of a class by which the catalogue knows it, else its own."""
        known = self._named.get(name)
        if known is None:
            known = self._named[name] = self._find_public(name)
        return known

    def _find_public(self, name: str) -> str:
        alias = self._catalogue.canonical(name)
        if alias != name or "." not in name:
            return alias
        library, last = name.partition(".")[0], name.rpartition(".")[2]
        shorter = [f"{above}.{last}" for above in _above(name.rpartition(".")[0])]
        offers: list[str] = [*self._offered.get((library, last), ()), *reversed(shorter)]
        for offered in offers:
            ref = self._types.dotted(offered)
            if ref is not None and ref.kind == "class" and ref.name == name:
                return offered
        return name


def _by_arguments(node: FunctionNode) -> dict[str, str]:
    """The type variables that an argument tells: `(cls: type[T])`, `(self: T)`, and of a function its first argument."""
    arguments = [*node.definition.args.posonlyargs, *node.definition.args.args]
    marks = {last_name(d) for d in node.definition.decorator_list}
    places = {}
    if node.owner is not None and arguments and "staticmethod" not in marks:
        places[_variable(arguments.pop(0).annotation)] = "Self"
    for argument in arguments[:1]:
        places.setdefault(_variable(argument.annotation), "A1")
    places.pop("", None)
    return places


def _variable(annotation: ast.expr | None) -> str:
    """The name that an annotation is, also as `type[T]` or in quotes."""
    match annotation:
        case ast.Name(id=name):
            return name
        case ast.Constant(value=str(text)):
            return text
        case ast.Subscript(value=ast.Name(id="type" | "Type"), slice=inner):
            return _variable(inner)
    return ""


def _offered(catalogue: Catalogue) -> dict[tuple[str, str], list[str]]:
    """The classes that the catalogue names, by the library and their own name."""
    found: dict[tuple[str, str], list[str]] = {}
    for name in (*catalogue.effects, *catalogue.results, *catalogue.attributes):
        parts = name.split(".")
        for count in range(2, len(parts) + 1):
            if parts[count - 1][:1].isupper():
                whole = ".".join(parts[:count])
                known = found.setdefault((parts[0], parts[count - 1]), [])
                if whole not in known:
                    known.append(whole)
    return found


def _paths(catalogue: Catalogue) -> Iterator[str]:
    """All names that names of the catalogue begin with."""
    for name in (*catalogue.effects, *catalogue.results, *catalogue.attributes):
        yield from _above(name.rpartition(".")[0])


def _above(name: str) -> Iterator[str]:
    while name:
        yield name
        name = name.rpartition(".")[0]


def fill(ref: Ref | None, receiver: Ref | None, argument: Callable[[], Ref | None]) -> Ref | None:
    """A type with what one call knows in the place of its variables; None where nothing is left."""
    if ref is None:
        return None
    if ref.kind == "typevar":
        if ref.name == "Self":
            return receiver
        if ref.name == "A1":
            return argument()
        place = int(ref.name[1:])
        return receiver.args[place] if receiver is not None and len(receiver.args) > place else None
    if ref.kind == "union":
        return join(fill(arg, receiver, argument) for arg in ref.args)
    args = tuple(fill(arg, receiver, argument) or Ref("name", "?") for arg in ref.args)
    return Ref(ref.kind, ref.name, args)
