"""How do types combine: instances of classes, unions, elements of containers, parts of tuples?"""

from __future__ import annotations

from collections.abc import Iterable

from strop.project.scope import Ref

_WIDEST = 3  # a union of more members says nothing
UNKNOWN = Ref("name", "?")
MAPPINGS = frozenset({"dict", "collections.defaultdict", "collections.OrderedDict"}) | {
    f"{m}.{n}" for m in ("typing", "collections.abc") for n in ("Mapping", "MutableMapping")
}
SEQUENCES = frozenset({"list", "set", "frozenset", "Iterator", "collections.deque"}) | {
    f"{m}.{n}"
    for m in ("typing", "collections.abc")
    for n in (
        "Sequence",
        "Iterable",
        "Iterator",
        "Collection",
        "AsyncIterator",
        "AsyncIterable",
        "MutableSequence",
    )
}
_GENERATED = frozenset(
    {"Iterator", "Generator", "AsyncIterator", "AsyncGenerator", "Iterable", "AsyncIterable"}
)


def instantiate(ref: Ref | None) -> Ref | None:
    """The value of a type: of class C an instance of C."""
    if ref is None:
        return None
    match ref.kind:
        case "class" if ref.name == "type" and ref.args:
            inner = ref.args[0]
            return inner if inner.kind in ("class", "typevar", "name") else None
        case "class" | "name":
            return Ref("instance", ref.name, ref.args)
        case "union":
            return join(instantiate(member) for member in ref.args)
        case "typevar":
            return ref
    return None


def instance_of(ref: Ref | None) -> Ref | None:
    """A class as an argument stands for its instances; a value for itself."""
    return instantiate(ref) if ref is not None and ref.kind == "class" else ref


def join(refs: Iterable[Ref | None]) -> Ref | None:
    """One of several: the same when they agree, a union of a few, else unknown."""
    members: list[Ref] = []
    for ref in refs:
        for member in ref.args if ref is not None and ref.kind == "union" else (ref,):
            if member is not None and member not in members and member.name != "?":
                members.append(member)
    if len(members) == 1:
        return members[0]
    return Ref("union", "", tuple(members)) if 1 < len(members) <= _WIDEST else None


def known(ref: Ref | None) -> Ref | None:
    """The type, None for a type argument that could not be told."""
    return None if ref is None or ref.name == "?" else ref


def element(ref: Ref | None) -> Ref | None:
    """What iterating gives."""
    if ref is None:
        return None
    if ref.kind == "union":
        return join(element(member) for member in ref.args)
    return known(ref.args[0]) if ref.kind == "instance" and ref.args else None


def is_generated(ref: Ref | None) -> bool:
    """Whether this is what a generator function gives."""
    return ref is not None and ref.kind == "instance" and ref.name.rpartition(".")[2] in _GENERATED


def unpacked(ref: Ref | None, index: int) -> Ref | None:
    """The n-th part of a tuple (an element of a list); the value itself for -1."""
    if index < 0 or ref is None:
        return ref
    if ref.name == "tuple":
        return known(ref.args[index]) if index < len(ref.args) else None
    return element(ref)
