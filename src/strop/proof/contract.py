"""Gate 1: the contract with clients as the application itself states it: OpenAPI and route facts."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from strop.project.project import Imported
from strop.project.route import Route
from strop.proof.values import compare_values, parse


def compare_contracts(before: Imported, after: Imported) -> tuple[str, ...]:
    """What differs, as sentences: OpenAPI (byte by byte), routes in order with what they resolve to,
    middleware, exception handlers. How a function runs (`async def` or `def`) is not a client's matter.
    """
    found = list(_documents(before, after))
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
