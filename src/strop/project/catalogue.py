"""What do libraries do? The table `catalogue.toml`, and what a project adds to it."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from strop.project.decoded import read_decoded
from strop.project.function import Effect
from strop.project.scope import Ref
from strop.tree import expression_tree

KINDS = ("blocks", "burns", "queries", "commits", "calls", "builds", "clock")
_OF_MAPPINGS = frozenset({"get", "items", "keys", "values", "pop", "popitem", "setdefault", "copy", "clear"})


class Shape(Struct, frozen=True):
    """The type of a library's result: `list[T0]` with T0 the receiver's first type argument,
    A1 the first argument of the call (an instance of it when it is a class), A1.T0 that argument's
    first type argument, Self the receiver.
    """

    name: str
    args: tuple[Shape, ...] = ()

    def build(self, receiver: Ref | None, argument: Callable[[], Ref | None]) -> Ref | None:
        """The type for one call; None where its parts are not known."""
        if self.name == "Self":
            return receiver
        if self.name in ("A1", "A1.T0"):
            given = argument()
            if self.name == "A1" or given is None:
                return given
            return given.args[0] if given.args else None
        if self.name in ("T0", "T1"):
            place = int(self.name[1])
            has = receiver is not None and len(receiver.args) > place
            return receiver.args[place] if receiver is not None and has else None
        parts = (part.build(receiver, argument) for part in self.args)
        return Ref("instance", self.name, tuple(part or Ref("name", "?") for part in parts))


class Catalogue(Struct, frozen=True):
    """Effects and results of library calls by dotted name.

    A name that ends in `.*` stands for every method of what comes before, `.**` for everything below it.
    """

    effects: Mapping[str, tuple[Effect, ...]] = field(default_factory=dict)
    results: Mapping[str, Shape] = field(default_factory=dict)
    attributes: Mapping[str, Shape] = field(default_factory=dict)
    aliases: Mapping[str, str] = field(default_factory=dict)
    off_loop: Mapping[str, int] = field(default_factory=dict)  # which argument is handed to a thread
    background: Mapping[str, int] = field(default_factory=dict)  # which argument runs after the answer
    inline: Mapping[str, int] = field(default_factory=dict)  # which argument is called at once
    memoised: frozenset[str] = frozenset()
    builders: Mapping[str, Effect] = field(default_factory=dict)  # base classes whose instances are costly
    harmless: frozenset[str] = frozenset()  # members of a family that do nothing of the kind
    mappings: frozenset[str] = frozenset()  # classes whose instances are dictionaries
    anonymous: frozenset[str] = frozenset()  # dependencies that don't ask who calls
    only_with: Mapping[str, str] = field(default_factory=dict)  # no effect without this argument
    not_without: Mapping[str, str] = field(default_factory=dict)  # no effect when this argument is false
    not_with: Mapping[str, str] = field(default_factory=dict)  # no effect when this argument is true
    not_at_zero: Mapping[str, int] = field(default_factory=dict)  # no effect when the timeout there is 0
    few_rounds: Mapping[str, int] = field(default_factory=dict)  # no effect when the count there is small

    def canonical(self, name: str) -> str:
        """One name for what a library offers under several."""
        if name in self.aliases:
            return self.aliases[name]
        owner, dot, last = name.rpartition(".")
        return f"{self.aliases[owner]}.{last}" if dot and owner in self.aliases else name

    def effect(self, name: str) -> tuple[Effect, ...]:
        """What a library call does; empty when nothing is known of it."""
        owner, _, last = name.rpartition(".")
        if name in self.harmless or (owner in self.mappings and last in _OF_MAPPINGS):
            return ()
        found = self.effects.get(name, ())
        for family in (f"{owner}.*", *(f"{above}.**" for above in _above(owner))):
            known = {effect.kind for effect in found}
            found += tuple(e for e in self.effects.get(family, ()) if e.kind not in known)
        return found

    def is_anonymous(self, name: str) -> bool:
        """Whether a library's dependency certainly doesn't ask who calls: named so, or known for what else it does."""
        families = (f"{above}.**" for above in (name, *_above(name), name.partition(".")[0]))
        return (
            name in self.anonymous
            or not self.anonymous.isdisjoint(families)
            or bool(self.effect(name) or self.result(name))
            or self.canonical(name) in self.builders
        )

    def result(self, name: str) -> Shape | None:
        """The type that a library call gives."""
        return self.results.get(name) or self.results.get(f"{name.rpartition('.')[0]}.*")

    def attribute(self, name: str) -> Shape | None:
        """The type of a library object's attribute."""
        return self.attributes.get(name)


@cache
def default_catalogue() -> Catalogue:
    """The table that strop brings."""
    here = Path(__file__)
    return read_decoded(here.with_name("catalogue.toml"), here, Catalogue, load_catalogue)


def load_catalogue(text: str) -> Catalogue:
    """Read a table from TOML text."""
    data = tomllib.loads(text)
    effects: dict[str, tuple[Effect, ...]] = {}
    for entry in data.get("effects", ()):
        _add(effects, entry["kind"], entry["names"], entry.get("note", ""))
    return Catalogue(
        effects,
        {name: _shape(value) for name, value in data.get("results", {}).items()},
        {name: _shape(value) for name, value in data.get("attributes", {}).items()},
        data.get("aliases", {}),
        data.get("off_loop", {}),
        data.get("background", {}),
        data.get("inline", {}),
        frozenset(data.get("memoised", {}).get("names", ())),
        {name: Effect("builds", name, note) for name, note in data.get("builders", {}).items()},
        frozenset(data.get("harmless", {}).get("names", ())),
        frozenset(data.get("mappings", {}).get("names", ())),
        frozenset(data.get("anonymous", {}).get("names", ())),
        data.get("only_with", {}),
        data.get("not_without", {}),
        data.get("not_with", {}),
        data.get("not_at_zero", {}),
        data.get("few_rounds", {}),
    )


def extend(catalogue: Catalogue, added: Mapping[str, Iterable[str]]) -> Catalogue:
    """The catalogue with a project's own names, by kind: `{"blocks": ["acme.client.fetch"]}`."""
    effects = dict(catalogue.effects)
    for kind in sorted(added):
        _add(effects, kind, added[kind], "named in [tool.strop.catalogue]")
    return replace(catalogue, effects=effects)


def _above(owner: str) -> Iterator[str]:
    """A dotted name and everything above it that has a dot."""
    while "." in owner:
        yield owner
        owner = owner.rpartition(".")[0]


def _add(effects: dict[str, tuple[Effect, ...]], kind: str, names: Iterable[str], note: str) -> None:
    for name in names:
        effects[name] = (*effects.get(name, ()), Effect(kind, name, note))


def _shape(text: str) -> Shape:
    return _shape_of(expression_tree(text))


def _shape_of(node: ast.expr) -> Shape:
    if isinstance(node, ast.Subscript):
        parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        return Shape(ast.unparse(node.value), tuple(map(_shape_of, parts)))
    return Shape(ast.unparse(node))
