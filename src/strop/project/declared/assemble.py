"""Which application do the declarations of all files make together?"""

from __future__ import annotations

from collections.abc import Iterable

from strop.project.declared.applications import applications
from strop.project.declared.declare import declare
from strop.project.declared.follow import Machine
from strop.project.declared.layers import handlers_of, lifespan_of, middleware_of, options_of
from strop.project.declared.served import Served
from strop.project.declared.stored import Storage, link_stored, read_stored
from strop.project.declared.terms import Declarations
from strop.project.declared.values import Known, Mounted, Router
from strop.project.infer import Types
from strop.project.project import Imported
from strop.project.route import ExceptionHandler, Middleware, Route

_NOTHING = Storage()


def assemble(types: Types) -> Imported:
    """The application as its source declares it, in the same values as when it is imported."""
    modules = types.found.modules.values()
    storage = link_stored(read_stored(types, module) for module in modules)
    return put_together((declare(types, module) for module in modules), storage)


def put_together(declarations: Iterable[Declarations], storage: Storage = _NOTHING) -> Imported:
    """The application that the declarations of all files make: every application of the project, the main one first."""
    machine = Machine(declarations)
    apps = applications(machine)
    served = Served(machine)
    routes: list[Route] = []
    layers: list[Middleware] = []
    handlers: list[ExceptionHandler] = []
    for app in apps:
        routes += served.application(app)
        for each in (app, *_mounted(app, set())):
            layers += middleware_of(machine, each)
            handlers += handlers_of(each)
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
        options=options_of(main) if main is not None else (),
        span=main.span if main is not None else None,
    )


def _mounted(router: Router, seen: set[int]) -> list[Router]:
    """Applications that are mounted, at any depth."""
    found: list[Router] = []
    for entry in router.entries:
        if isinstance(entry, Mounted) and isinstance(entry.app, Router) and id(entry.app) not in seen:
            seen.add(id(entry.app))
            found += [entry.app, *_mounted(entry.app, seen)]
    return found
