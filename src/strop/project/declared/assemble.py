"""Which application do the declarations of all files make together?"""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from msgspec.structs import replace

from strop.project.declared.applications import applications, lost_includes, orphans
from strop.project.declared.follow import Machine
from strop.project.declared.layers import handlers_of, lifespan_of, middleware_of, options_of
from strop.project.declared.served import Served
from strop.project.declared.stored import Storage, Stored, link_stored
from strop.project.declared.terms import Declarations
from strop.project.declared.values import Known, Mounted, Router
from strop.project.project import Imported
from strop.project.route import ExceptionHandler, Middleware, Route

_NOTHING = Storage()


def assemble(declarations: Iterable[Declarations], stored: Iterable[Stored]) -> Imported:
    """The application as its source declares it, in the same values as when it is imported."""
    with _uncollected():
        return put_together(declarations, link_stored(stored))


def put_together(
    declarations: Iterable[Declarations], storage: Storage = _NOTHING, followed: set[str] | None = None
) -> Imported:
    """The application that the declarations of all files make: every application of the project, the main one first.
    The modules whose statements were looked at are added to `followed`.
    """
    with _uncollected():
        return _put_together(Machine(declarations, followed), storage)


@contextmanager
def _uncollected() -> Iterator[None]:
    """Without the garbage collector: it would look through all syntax trees again and again, for nothing."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


def _put_together(machine: Machine, storage: Storage) -> Imported:
    apps = applications(machine)
    served = Served(machine)
    routes: list[Route] = []
    layers: list[Middleware] = []
    handlers: list[ExceptionHandler] = []
    for app in apps:
        routes += (replace(r, application=str(app.span)) for r in served.application(app))
        for each in (app, *_mounted(app, set())):
            mounted = str(each.span) if each is not app else ""
            layers += (
                replace(m, application=str(app.span), mounted=mounted) for m in middleware_of(machine, each)
            )
            handlers += handlers_of(each)
    routes += _orphaned(machine, served, bool(apps))
    main = apps[0] if apps else None
    title = main.options.get("title") if main is not None else None
    return Imported(
        title=str(title.value) if isinstance(title, Known) else "FastAPI" if main is not None else "",
        routes=tuple(routes),
        middleware=tuple(layers),
        handlers=tuple(handlers),
        tables=storage.tables,
        relationships=storage.relationships,
        engines=storage.engines,
        lifespan=lifespan_of(main) if main is not None else "",
        lifespans=tuple(filter(None, map(lifespan_of, apps[1:]))),
        options=options_of(main) if main is not None else (),
        span=main.span if main is not None else None,
    )


def _orphaned(machine: Machine, served: Served, has_application: bool) -> Iterator[Route]:
    """Routes of routers that are included in a way that can't be followed: what is around them is not known."""
    lost = lost_includes(machine)
    if not lost and has_application:
        return
    places = ", ".join(sorted({str(span) for span, _ in lost})[:3])
    doubt = (
        f"no include of its router is found; {places} include what can't be told"
        if lost
        else ("its router is included by no application of this source")
    )
    for router in orphans(machine):
        for route in served.alone(router):
            yield replace(
                route, uncertain="; ".join([doubt, *([route.uncertain] if route.uncertain else [])])
            )


def _mounted(router: Router, seen: set[int]) -> list[Router]:
    """Applications that are mounted, at any depth."""
    found: list[Router] = []
    for entry in router.entries:
        if isinstance(entry, Mounted) and isinstance(entry.app, Router) and id(entry.app) not in seen:
            seen.add(id(entry.app))
            found += [entry.app, *_mounted(entry.app, seen)]
    return found
