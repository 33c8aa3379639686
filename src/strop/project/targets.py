"""What runs when something is called, read or entered: functions of the project, or a library's effect?"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import NamedTuple

from msgspec.structs import replace

from strop.project.buffers import in_memory
from strop.project.catalogue import Catalogue
from strop.project.function import Effect
from strop.project.infer import Types
from strop.project.members import is_abstract, is_property
from strop.project.queued import queued_by
from strop.project.scope import ClassNode, FunctionNode, Ref, Scope
from strop.project.wrappers import decorators, runs_off_loop

_VALIDATORS = frozenset({"field_validator", "model_validator", "validator", "root_validator"})
_CONSTRUCTORS = ("__new__", "__init__", "__post_init__", "model_post_init")
_MANY_ROUNDS = 10_000  # of SHA-512, 6 ms
_MODEL_CALLS = frozenset({"model_validate", "from_orm", "parse_obj", "model_validate_json", "parse_raw"})


class Target(NamedTuple):
    """One thing that runs: `id` of a function of the project, or "" for a library's name."""

    name: str
    id: str = ""
    effect: Effect | None = None
    off_loop: bool = False
    is_abstract: bool = False  # stands for those that implement it
    node: FunctionNode | None = None  # the definition behind `id`
    flags: tuple[tuple[ast.Name, str], ...] = ()  # what these must be for the effect: "true", "false"


class Targets:
    """Finds targets with one set of types."""

    def __init__(self, types: Types) -> None:
        self.types = types

    def called(self, ref: Ref | None, node: ast.expr, scope: Scope) -> list[Target]:
        """What calling `ref` runs; empty when nothing is known of it."""
        return [target for member in members(ref) for target in self._called(member, node, scope)]

    def _called(self, ref: Ref, node: ast.expr, scope: Scope) -> Iterator[Target]:
        match ref.kind:
            case "function":
                found = self.types.found.function(ref.name)
                if found is None:
                    yield Target(ref.name)
                elif ref.args and ref.args[0].kind == "super":  # this very method, abstract or not
                    yield target_of(self.types, found)
                else:
                    yield self._function(found)
            case "class":
                yield from self._constructed(ref.name)
            case "name":
                yield from self._library(ref.name, node, scope)
                yield from self._validated(ref.name, node, scope)
            case "instance":
                yield from self._instance(ref.name)

    def _function(self, node: FunctionNode) -> Target:
        abstract = node.owner is not None and is_abstract(node)
        return target_of(self.types, node)._replace(is_abstract=abstract)

    def _instance(self, name: str) -> Iterator[Target]:
        if not self.types.members.is_class(name):
            yield from self._library(f"{name}.__call__")
            return
        found = self.types.members.function(name, "__call__")
        if found is not None:
            yield target_of(self.types, found)
        elif bases := self.types.members.library_bases(name):
            yield from self._library(f"{bases[0]}.__call__")

    def _library(
        self, name: str, node: ast.expr | None = None, scope: Scope | None = None
    ) -> Iterator[Target]:
        effects = self.types.catalogue.effect(name)
        if not effects and self.types.library is not None:
            effects = self.types.catalogue.effect(self.types.library.inherited(name))
        if (
            effects
            and scope is not None
            and isinstance(node, ast.Call)
            and in_memory(self.types, node, scope)
        ):
            effects = tuple(e for e in effects if e.kind != "blocks" or "files" not in e.note)
        if effects and isinstance(node, ast.Call) and not _takes_effect(self.types.catalogue, name, node):
            effects = ()
        flags = tuple(_flags(self.types.catalogue, name, node)) if effects else ()
        for effect in effects or (None,):
            yield Target(name, "", effect, flags=flags)

    def _constructed(self, name: str) -> Iterator[Target]:
        """Making an instance runs the constructors; of a model also its validators."""
        if not self.types.members.is_class(name):
            yield from self._library(name)
            return
        methods = [self.types.members.function(name, method) for method in _CONSTRUCTORS]
        found = [method for method in methods if method is not None]
        yield from (Target(name, method.id, node=method) for method in found)
        bases = self.types.members.library_bases(name)
        effects = [self.types.catalogue.builders.get(base) for base in bases]
        built = next((replace(effect, name=name) for effect in effects if effect is not None), None)
        if built is not None or not found:
            yield Target(name, "", built)
        yield from self._validators(name)

    def _validators(self, name: str) -> Iterator[Target]:
        yield from (Target(name, validator) for validator in validators_of(self.types, name))

    def _validated(self, name: str, node: ast.expr, scope: Scope) -> Iterator[Target]:
        """`Model.model_validate(row)` runs the model's validators and reads the row's properties."""
        if name.rpartition(".")[2] not in _MODEL_CALLS:
            return
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            return
        model = self.types.infer(node.func.value, scope)
        if model is None or model.kind != "class" or not self.types.members.is_class(model.name):
            return
        yield from self._validators(model.name)
        row = self.types.infer(node.args[0], scope) if node.args else None
        for attr in sorted(self._fields(model.name)):
            yield from self.read(row, attr)

    def _fields(self, class_name: str) -> set[str]:
        lineage = self.types.members.lineage(class_name)
        return {name for owner, _ in lineage.classes for name in annotated_names(owner)}

    def read(self, ref: Ref | None, attr: str) -> Iterator[Target]:
        """What reading an attribute runs: the function behind a property."""
        for member in members(ref):
            if member.kind != "instance" or not self.types.members.is_class(member.name):
                continue
            found = self.types.members.function(member.name, attr)
            if found is not None and is_property(found):
                yield self._function(found)

    def entered(self, ref: Ref | None, waits: bool) -> Iterator[Target]:
        """What `with` (`async with` when it waits) runs on an instance of a class of the project."""
        for member in members(ref):
            if member.kind != "instance" or not self.types.members.is_class(member.name):
                continue
            for method in ("__aenter__", "__aexit__") if waits else ("__enter__", "__exit__"):
                found = self.types.members.function(member.name, method)
                if found is not None:
                    yield target_of(self.types, found)


def _takes_effect(catalogue: Catalogue, name: str, call: ast.Call) -> bool:
    """Whether the arguments are such that the call does what the catalogue says."""
    given = {k.arg: k.value for k in call.keywords if k.arg is not None}
    needed = catalogue.only_with.get(name)
    if needed is not None:
        value = given.get(needed) or (call.args[0] if call.args else None)
        return value is not None and not (isinstance(value, ast.Constant) and not value.value)
    local = given.get(catalogue.not_with.get(name, ""))
    if isinstance(local, ast.Constant) and local.value:
        return False
    if name in catalogue.not_at_zero:
        place = catalogue.not_at_zero[name]
        limit = given.get("timeout") or (call.args[place] if len(call.args) > place else None)
        if isinstance(limit, ast.Constant) and limit.value in (0, False) and limit.value is not None:
            return False
    rounds = given.get("iterations") or _at(call, catalogue.few_rounds.get(name))
    if name in catalogue.few_rounds and isinstance(rounds, ast.Constant) and _is_few(rounds.value):
        return False
    off = name in catalogue.not_without and call.args[:1]
    if off and isinstance(off[0], ast.Constant) and off[0].value is False:
        return False
    switch = given.get(catalogue.not_without.get(name, ""))
    return not (isinstance(switch, ast.Constant) and not switch.value)


def _at(call: ast.Call, place: int | None) -> ast.expr | None:
    return call.args[place] if place is not None and len(call.args) > place else None


def _is_few(value: object) -> bool:
    """Whether so many rounds are over in a few milliseconds."""
    return isinstance(value, int) and value < _MANY_ROUNDS


def _flags(catalogue: Catalogue, name: str, call: ast.expr | None) -> Iterator[tuple[ast.Name, str]]:
    """The names that are handed over for what decides whether a call does what the catalogue says."""
    given = {k.arg: k.value for k in call.keywords} if isinstance(call, ast.Call) else {}
    tables = (catalogue.not_without, "true"), (catalogue.only_with, "true"), (catalogue.not_with, "false")
    for table, test in tables:
        value = given.get(table.get(name, ""))
        if isinstance(value, ast.Name):
            yield value, test


def target_of(types: Types, node: FunctionNode) -> Target:
    """A function of the project as a target, or what its decorator puts in its place and that never runs it."""
    types.watch.note(node.key)
    node = queued_by(types, node) or node
    return Target(node.name, node.id, None, runs_off_loop(types, node), node=node)


def members(ref: Ref | None) -> tuple[Ref, ...]:
    """The members of a union; of anything else itself."""
    if ref is None:
        return ()
    return ref.args if ref.kind == "union" else (ref,)


def annotated_names(node: ClassNode) -> Iterator[str]:
    """The names that a class body annotates: the fields of a model."""
    for name, bindings in node.scope.names.items():
        if any(b.how == "annotation" for b in bindings):
            yield name


def validators_of(types: Types, class_name: str) -> list[str]:
    """Ids of the validators of a model, inherited ones too."""
    found: dict[str, str] = {}
    for owner, _ in types.members.lineage(class_name).classes:
        for name, bindings in owner.scope.names.items():
            node = owner.module.functions.get(f"{owner.name}.{name}") if bindings[-1].how == "def" else None
            if node is None or not node.definition.decorator_list:
                continue
            if any(d.rpartition(".")[2] in _VALIDATORS for d in decorators(types, node)):
                found.setdefault(name, node.id)
    return list(found.values())
