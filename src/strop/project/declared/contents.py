"""What is in a value: what does `owner.name` give, and what does a loop over it go through?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from strop.project.declared import terms
from strop.project.declared.classes import bound, library_bases, lineage, member, members
from strop.project.declared.library import canonical
from strop.project.declared.lookup import force, from_stars
from strop.project.declared.modules import namespace
from strop.project.declared.values import (
    Cls,
    Func,
    Known,
    Lib,
    Method,
    Mod,
    Obj,
    Router,
    Several,
    Super,
    Table,
    Unknown,
    Value,
)

if TYPE_CHECKING:
    from strop.project.declared.follow import Machine


def iterate(machine: Machine, value: Value, text: str) -> Iterator[Value]:
    """The elements of a value; one unknown element where they can't be told."""
    match value:
        case Several(items, rest):
            yield from list(items)
            if rest:
                yield Unknown(text)
        case Table(pairs):
            yield from [Known(key) for key in pairs]
        case Cls() if any(base.rpartition(".")[2].endswith("Enum") for base in library_bases(machine, value)):
            names = members(machine, value).names
            yield from [
                each
                for name in names
                if isinstance(each := force(machine, members(machine, value), name), Known)
            ]
        case _:
            yield Unknown(text)


def attribute(machine: Machine, owner: Value, name: str) -> Value:
    """`owner.name`."""
    match owner:
        case Mod():
            return _of_module(machine, owner.name, name)
        case Lib(dotted):
            return Lib(canonical(f"{dotted}.{name}"))
        case Cls():
            found = member(machine, owner, name, None)
            return found if found is not None else _inherited(machine, owner, name)
        case Obj():
            return _of_object(machine, owner, name)
        case Router():
            return _of_router(machine, owner, name)
        case Super():
            return _of_super(machine, owner, name)
        case Several() | Table() | Known():
            return Method(owner, name)
        case Method(Obj() as receiver, outer):
            return Method(receiver, f"{outer}.{name}")
        case Func(term=terms.Function() as term) if name in ("__name__", "__qualname__"):
            return Known(term.name)
        case Cls(term) if name in ("__name__", "__qualname__"):
            return Known(term.name)
    return Unknown(name)


def _of_module(machine: Machine, module: str, name: str) -> Value:
    machine.load(module)
    frame = namespace(machine, module)
    if name in frame.names:
        return force(machine, frame, name)
    below = f"{module}.{name}"
    if below in machine.files or below in machine.packages:
        return Mod(below)
    found = from_stars(machine, frame, name)
    return found if found is not None else Unknown(below)


def _inherited(machine: Machine, cls: Cls, name: str) -> Value:
    bases = library_bases(machine, cls)
    return Lib(f"{bases[0]}.{name}") if bases else Unknown(f"{cls.term.name}.{name}")


def _of_object(machine: Machine, owner: Obj, name: str) -> Value:
    if name in owner.attrs:
        return owner.attrs[name]
    if isinstance(owner.cls, Lib):  # what a library was given it mostly keeps under the same name
        return owner.keywords.get(name) or Method(owner, name)
    found = member(machine, owner.cls, name, owner)
    if found is not None:
        return _default_of(machine, found)
    return Method(owner, name) if library_bases(machine, owner.cls) else Unknown(name)


def _of_router(machine: Machine, owner: Router, name: str) -> Value:
    if name in owner.attrs:
        return owner.attrs[name]
    if isinstance(owner.cls, Cls):
        found = member(machine, owner.cls, name, owner)
        if found is not None:
            return found
    if name == "router" and owner.is_app:
        return owner
    if name == "prefix":
        return owner.prefix
    return Method(owner, name)


def _of_super(machine: Machine, owner: Super, name: str) -> Value:
    receiver = owner.receiver
    cls = receiver.cls if isinstance(receiver, Obj | Router) else None
    line = lineage(machine, cls) if isinstance(cls, Cls) else []
    after = line[line.index(owner.after) + 1 :] if owner.after in line else []
    for base in after:
        if isinstance(base, Cls) and name in members(machine, base).names:
            assert base.body is not None
            return bound(machine, force(machine, base.body, name), base, receiver)
    return Method(receiver, name) if isinstance(receiver, Router) else Unknown(f"super().{name}")


def _default_of(machine: Machine, value: Value) -> Value:
    """What an instance has where its class says `Field(default)`."""
    if isinstance(value, Obj) and isinstance(value.cls, Lib) and value.cls.name.rpartition(".")[2] == "Field":
        if "default" in value.keywords:
            return value.keywords["default"]
        if value.args:
            return value.args[0]
        factory = value.keywords.get("default_factory")
        return machine.call(factory, [], {}) if factory is not None else Unknown("Field()")
    return value
