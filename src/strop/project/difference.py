"""Where do the two readings of an application differ: as its source declares it, and as it is imported?"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from strop.project.project import Imported
from strop.project.route import Dependency, Route
from strop.regex import regex

_MODULE = regex(r"[\w.]+:")
_SAME = ("name", "span", "is_async", "status", "kind", "tags", "response_class", "response_model_params")
_CALLED = ("name", "span", "is_async", "is_generator", "is_class", "depth")


class Difference(Struct, frozen=True):
    """One thing that the readings say differently. `kind`: missing, added, order, middleware, or a field of Route."""

    kind: str
    about: str  # key of the route, "" for the application
    imported: str
    declared: str

    def __str__(self) -> str:
        return f"{self.about or self.kind}: imported {self.imported or 'nothing'}, declared {self.declared or 'nothing'}"


def differences(imported: Imported, declared: Imported) -> Iterator[Difference]:
    """All differences; routes with the same method and path are compared in their order."""
    theirs, ours = _by_key(imported), _by_key(declared)
    for key, routes in theirs.items():
        for place, route in enumerate(routes):
            if place < len(ours.get(key, [])):
                yield from _of_route(route, ours[key][place])
            else:
                yield Difference("missing", key, route.name, "")
    for key, routes in ours.items():
        for route in routes[len(theirs.get(key, [])) :]:
            yield Difference("added", key, "", f"{route.name} {route.uncertain}".strip())
    yield from _order(
        [r.key for r in imported.routes if r.key in ours], [r.key for r in declared.routes if r.key in theirs]
    )
    yield from _around(imported, declared)


def _by_key(imported: Imported) -> dict[str, list[Route]]:
    found: dict[str, list[Route]] = {}
    for route in imported.routes:
        found.setdefault(route.key, []).append(route)
    return found


def _order(theirs: list[str], ours: list[str]) -> Iterator[Difference]:
    for one, other in zip(theirs, ours, strict=False):
        if one != other:
            yield Difference("order", "", one, other)
            return


def _of_route(one: Route, other: Route) -> Iterator[Difference]:
    for name in _SAME:
        if getattr(one, name) != getattr(other, name):
            yield Difference(name, one.key, repr(getattr(one, name)), repr(getattr(other, name)))
    if _names(one.response_model) != _names(other.response_model):
        yield Difference("response_model", one.key, one.response_model, other.response_model)
    theirs, ours = ([_called(d) for d in route.dependencies] for route in (one, other))
    if theirs != ours:
        first = [d for d in theirs if d not in ours] or theirs
        second = [d for d in ours if d not in theirs] or ours
        yield Difference("dependencies", one.key, "; ".join(first), "; ".join(second))


def _names(model: str) -> str:
    """A type's names alone: Pydantic names a parametrised model after the module that it was written in."""
    return _MODULE.sub("", model).replace(" ", "")


def _called(dependency: Dependency) -> str:
    return ", ".join(f"{getattr(dependency, name)}" for name in _CALLED)


def _around(imported: Imported, declared: Imported) -> Iterator[Difference]:
    for kind, one, other in (
        (
            "middleware",
            *(", ".join(f"{m.name} {m.base_http}" for m in i.middleware) for i in (imported, declared)),
        ),
        (
            "handlers",
            *(", ".join(sorted(f"{h.handles} {h.name}" for h in i.handlers)) for i in (imported, declared)),
        ),
        ("lifespan", imported.lifespan, declared.lifespan),
    ):
        if one != other:
            yield Difference(kind, "", one, other)
