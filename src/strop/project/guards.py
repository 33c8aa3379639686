"""What stands before a route's handler, and how surely is that known?"""

from __future__ import annotations

from collections.abc import Iterator

from strop.project.route import Dependency, Route


def is_certain(route: Route) -> bool:
    """Whether all that is called before the handler is known: only of such a route can be said what it lacks."""
    return not route.uncertain and not any(each.uncertain for each in route.dependencies)


def schemes(route: Route) -> tuple[str, ...]:
    """Dotted names of the library's security classes that a route asks for credentials through, each once."""
    return tuple(dict.fromkeys(each.scheme for each in route.dependencies if each.scheme))


def scopes(route: Route) -> frozenset[str]:
    """All scopes that `Security(...)` demands of a route."""
    return frozenset(scope for each in route.dependencies for scope in each.scopes)


def below(route: Route, name: str) -> Iterator[Dependency]:
    """What the dependency of this name ("module:qualname") asks for itself, directly."""
    return (each for each in route.dependencies if each.parent == name)


def outer(route: Route) -> Iterator[Dependency]:
    """What `dependencies=` of the application, an include, a router or the route itself wants."""
    return (each for each in route.dependencies if each.depth == 1 and each.level != "parameter")
