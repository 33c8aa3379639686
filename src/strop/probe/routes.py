"""Which routes does the application have, as FastAPI resolves them: websockets and mounted ones too."""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator
from enum import Enum
from typing import Any, get_args, get_origin

from . import places

_DEFAULTS: dict[str, Any] = {
    "include": None,
    "exclude": None,
    "by_alias": True,
    "exclude_unset": False,
    "exclude_defaults": False,
    "exclude_none": False,
}


def describe_routes(app: Any, prefix: str = "") -> Iterator[dict[str, Any]]:
    """Every operation in the order of matching, in the shape of `strop.project.route.Route`."""
    for route in _flat(getattr(app, "routes", None) or ()):
        path = prefix + (getattr(route, "path", "") or "")
        mounted = _mounted_app(route)
        if mounted is not None:
            yield _describe(route, "MOUNT", path, mounted, "mount")
            yield from describe_routes(unwrap(mounted), path)
        elif _is_websocket(route):
            yield _describe(route, "WEBSOCKET", path, route.endpoint, "websocket")
        elif getattr(route, "endpoint", None) is not None:
            for method in _methods(route):
                yield _describe(route, method, path, route.endpoint, "http")


def unwrap(app: Any) -> Any:
    """The application with routes inside of middleware that was put around it by hand."""
    for _ in range(20):
        if getattr(app, "routes", None) is not None:
            return app
        inner = getattr(app, "app", None)
        if inner is None:
            return app
        app = inner
    return app


def mounted_apps(app: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Path and application of every mount that has routes of its own, at any depth."""
    for route in _flat(getattr(app, "routes", None) or ()):
        mounted = _mounted_app(route)
        if mounted is not None:
            path = prefix + (getattr(route, "path", "") or "")
            inner = unwrap(mounted)
            if getattr(inner, "routes", None) is not None:
                yield path, inner
                yield from mounted_apps(inner, path)


def _flat(routes: Any) -> Iterator[Any]:
    """Routes with prefix and dependencies of their routers: a tree since FastAPI 0.137, flat before."""
    try:
        from fastapi.routing import iter_route_contexts
    except ImportError:
        yield from routes
        return
    for context in iter_route_contexts(list(routes)):
        # A websocket or plain route below an include: early versions don't look into it.
        inner = getattr(getattr(context, "_route_context", None), "starlette_route", None)
        yield context if inner is None else inner


def _original(route: Any) -> Any:
    return getattr(route, "original_route", route)


def _mounted_app(route: Any) -> Any:
    original = _original(route)
    if getattr(original, "endpoint", None) is not None or not hasattr(original, "app"):
        return None
    return original.app


def _is_websocket(route: Any) -> bool:
    original = _original(route)
    return hasattr(original, "endpoint") and not hasattr(original, "methods")


def _methods(route: Any) -> list[str]:
    """Methods in alphabetical order, without the HEAD that Starlette adds to a GET of its own."""
    methods = sorted(getattr(route, "methods", None) or ())
    if not hasattr(_original(route), "response_model") and "GET" in methods and "HEAD" in methods:
        methods.remove("HEAD")
    return methods


def _describe(route: Any, method: str, path: str, endpoint: Any, kind: str) -> dict[str, Any]:
    model = getattr(route, "response_model", None)
    return {
        "method": method,
        "path": path,
        "name": places.name_of(endpoint),
        "span": places.span_of(endpoint),
        "is_async": _is_async(endpoint),
        "dependencies": _dependencies(getattr(route, "dependant", None)),
        "response_model": "" if model is None else _type_text(model),
        "response_model_params": _model_params(route),
        "response_class": _response_class(route),
        "status": int(getattr(route, "status_code", None) or 200),
        "kind": kind,
        "tags": [
            str(tag.value if isinstance(tag, Enum) else tag) for tag in getattr(route, "tags", None) or ()
        ],
    }


def _is_async(call: Any) -> bool:
    """Whether FastAPI awaits it (or iterates it asynchronously) instead of handing it to a thread."""
    plain = _called(call)
    return inspect.iscoroutinefunction(plain) or inspect.isasyncgenfunction(plain)


def _is_generator(call: Any) -> bool:
    plain = _called(call)
    return inspect.isgeneratorfunction(plain) or inspect.isasyncgenfunction(plain)


def _called(call: Any) -> Any:
    """The function that runs when `call` is called: `__call__` of an object."""
    plain = places.function_of(call)
    if inspect.isclass(plain) or inspect.isroutine(plain):
        return plain
    return places.function_of(type(plain).__call__)


def _dependencies(dependant: Any) -> list[dict[str, Any]]:
    """Dependencies in the order of their calls: the inner ones first, a cached one once."""
    found: list[dict[str, Any]] = []
    seen: set[Any] = set()

    def visit(parent: Any, depth: int) -> None:
        for each in getattr(parent, "dependencies", None) or ():
            visit(each, depth + 1)
            key = _cache_key(each)
            if not (getattr(each, "use_cache", True) and key in seen):
                seen.add(key)
                found.append(_dependency(each.call, depth))

    if dependant is not None:
        visit(dependant, 1)
    return found


def _cache_key(dependant: Any) -> Any:
    known = getattr(dependant, "cache_key", None)
    if known is not None:
        return known
    try:
        from fastapi.dependencies.models import _get_cache_key
    except ImportError:
        return id(dependant.call)
    return _get_cache_key(dependant=dependant)


def _dependency(call: Any, depth: int) -> dict[str, Any]:
    return {
        "name": places.name_of(call),
        "span": places.span_of(call),
        "is_async": _is_async(call),
        "is_generator": _is_generator(call),
        "is_class": inspect.isclass(places.function_of(call)),
        "depth": depth,
    }


def _type_text(kind: Any) -> str:
    """ "module:qualname" of a class, generics written out."""
    origin = get_origin(kind)
    if origin is not None and get_args(kind):
        return f"{_type_text(origin)}[{', '.join(_type_text(each) for each in get_args(kind))}]"
    if inspect.isclass(kind):
        return (
            kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}:{kind.__qualname__}"
        )
    return str(kind)


def _model_params(route: Any) -> str:
    """The parameters of the response model that differ from their defaults, as canonical JSON."""
    params = {
        name: value
        for name, default in _DEFAULTS.items()
        if (value := getattr(route, f"response_model_{name}", default)) != default
    }
    return json.dumps(params, sort_keys=True, default=_plain) if params else ""


def _plain(value: Any) -> Any:
    return sorted(value, key=str) if isinstance(value, set | frozenset) else str(value)


def _response_class(route: Any) -> str:
    kind = getattr(route, "response_class", None)
    kind = getattr(kind, "value", kind)  # FastAPI wraps its default in a placeholder
    return _type_text(kind) if kind is not None else ""
