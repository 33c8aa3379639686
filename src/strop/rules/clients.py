"""Which routes do clients read by, and which collections do the answers of these hold?"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from strop.project.function import Class
from strop.project.project import Project
from strop.regex import regex
from strop.rules.protection import Protection

_READS = regex(r"(get|list|search|query|find|fetch|poll|read|lookup|show|count)([_-]|$)")
_PARAMETER = regex(r"\{[^}]*\}")
_CLASSES = regex(r"[\w.]+:[\w.]+")
_EAGER = ("selectin", "joined", "subquery", "immediate")


def is_reading(project: Project, key: str) -> bool:
    """Whether a client asks for something by a route, by its method or the last word of its path: no operator's."""
    method, _, path = key.partition(" ")
    words = [w for w in path.lower().split("/") if w and not _PARAMETER.fullmatch(w)]
    asks = method in ("GET", "HEAD") or (method == "POST" and bool(words) and bool(_READS.match(words[-1])))
    return asks and not Protection.of(project).is_for_operators(key)


def answered(project: Project, reading: bool = True) -> Iterator[Class]:
    """The response models of all routes, or of those that clients read by, with the models in them."""
    given = {
        name
        for route in project.imported.routes
        if route.response_model and (not reading or is_reading(project, route.key))
        for name in _CLASSES.findall(route.response_model)
    }
    known = project.source.modules
    waiting = [f"{known.get(n.partition(':')[0], '')}:{n.partition(':')[2]}" for n in sorted(given)]
    seen: set[str] = set()
    while waiting:
        id = waiting.pop()
        model = project.source.classes.get(id)
        if model is not None and id not in seen:
            seen.add(id)
            yield model
            waiting.extend(inner for _, classes in model.fields for inner in classes)


def is_answer_of(model: Class, owner: str) -> bool:
    """Whether a response model is made for the rows of a mapped class, by its name: IncidentRead, IncidentPage."""
    return model.name.rpartition(".")[2].startswith(owner)


def collections_read(project: Project) -> frozenset[str]:
    """The collections, "Order.items", that come with each load of their owner or stand in what clients read."""
    many = [r for r in project.imported.relationships if r.uselist]
    named: dict[str, list[Class]] = {}
    for model in answered(project):
        for name, _ in model.fields:
            named.setdefault(name, []).append(model)
    return frozenset(
        r.key
        for r in many
        if r.lazy in _EAGER or any(is_answer_of(m, r.owner) for m in named.get(r.name, ()))
    )


def are_read(project: Project, routes: Iterable[str]) -> bool:
    """Whether clients read by one of these routes."""
    return any(is_reading(project, key) for key in routes)
