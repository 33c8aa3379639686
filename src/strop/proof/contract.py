"""Gate 1: the contract with clients as the application itself states it: OpenAPI and route facts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from strop.project.project import Imported
from strop.project.route import Route
from strop.proof.values import compare_values, parse


def compare_contracts(before: Imported, after: Imported) -> tuple[str, ...]:
    """What differs, as sentences: OpenAPI (byte by byte), routes in order with what they resolve to,
    middleware, exception handlers. How a function runs (`async def` or `def`) and what it is called is not a client's
    matter: a name that stands for one other wherever it stood is a renamed or moved function.
    """
    found = list(_documents(before, after))
    before = _call(before, renamed(before, after))
    old, new = [_facts(r) for r in before.routes], [_facts(r) for r in after.routes]
    if [r.key for r in old] != [r.key for r in new]:
        found.append("routes differ in number or order")
    else:
        found += [f"{a.key}: {_difference(a, b)}" for a, b in zip(old, new, strict=True) if a != b]
    if [m.name for m in before.middleware] != [m.name for m in after.middleware]:
        found.append("the middleware stack differs")
    if [(h.handles, h.name) for h in before.handlers] != [(h.handles, h.name) for h in after.handlers]:
        found.append("the exception handlers differ")
    return tuple(found)


def renamed(before: Imported, after: Imported) -> dict[str, str]:
    """The project's functions and classes that have another "module:qualname" afterwards, by the one that they had.

    Only where one stands for the other in every place, the old name is nowhere left and the new one was nowhere before;
    nothing where places can't be told apart, because there are more or fewer of them.
    """
    old, new = _named(before), _named(after)
    if len(old) != len(new):
        return {}
    kept = {name for name, _ in old} & {name for name, _ in new}
    pairs = {
        (one, other)
        for (one, here), (other, there) in zip(old, new, strict=True)
        if one != other and here and there and not {one, other} & kept
    }
    firsts, seconds = Counter(a for a, _ in pairs), Counter(b for _, b in pairs)
    return {a: b for a, b in pairs if firsts[a] == seconds[b] == 1}


def _named(imported: Imported) -> list[tuple[str, bool]]:
    """What is called at each place of the contract, in the order of the places, and whether it is the project's own."""
    found = [(route.name, route.span is not None) for route in imported.routes]
    found += [(d.name, d.span is not None) for route in imported.routes for d in route.dependencies]
    found += [(layer.name, layer.span is not None) for layer in imported.middleware]
    packages = {_package(name) for name, own in found if own}
    return found + [(handler.name, _package(handler.name) in packages) for handler in imported.handlers]


def _package(name: str) -> str:
    return name.partition(":")[0].partition(".")[0]


def _call(imported: Imported, names: Mapping[str, str]) -> Imported:
    """The contract with other names for what it calls."""

    def other(name: str) -> str:
        return names.get(name, name)

    def called(route: Route) -> Route:
        inner = [replace(d, name=other(d.name), parent=other(d.parent)) for d in route.dependencies]
        return replace(route, name=other(route.name), dependencies=tuple(inner))

    return replace(
        imported,
        routes=tuple(map(called, imported.routes)),
        middleware=tuple(replace(m, name=other(m.name)) for m in imported.middleware),
        handlers=tuple(replace(h, name=other(h.name)) for h in imported.handlers),
    )


def _documents(before: Imported, after: Imported) -> Iterator[str]:
    old = dict((("", before.openapi), *before.mounted))
    new = dict((("", after.openapi), *after.mounted))
    for name in sorted({*old, *new}):
        if old.get(name) != new.get(name):
            places = _places(old.get(name, ""), new.get(name, ""))
            yield f"OpenAPI of {name or 'the application'} differs{places}"


def _places(before: str, after: str) -> str:
    """Where two documents differ first, and at how many places more; nothing where only their spelling does."""
    both = before and after
    found = list(compare_values("$", parse(before.encode()), parse(after.encode()))) if both else []
    if not found:
        return ""
    first, *more = found
    also = f", and at {len(more)} more" if more else ""
    return f" at {first.path.removeprefix('body ')}: {first.before or 'nothing'} before, {first.after or 'nothing'} after{also}"


def _facts(route: Route) -> Route:
    """The route without places and without what only says where code runs."""
    dependencies = tuple(replace(d, span=None, is_async=False) for d in route.dependencies)
    return replace(route, span=None, is_async=False, dependencies=dependencies)


def _difference(before: Route, after: Route) -> str:
    names = [n for n in Route.__struct_fields__ if getattr(before, n) != getattr(after, n)]
    return ", ".join(f"{name} differs" for name in names)
