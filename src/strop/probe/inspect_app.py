"""What does the application say of itself: the `inspect` mode, in the shape of `strop.project.Imported`."""

from __future__ import annotations

import asyncio
import importlib.metadata
import inspect
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from . import engines, network, places, routes, tables
from .config import Config
from .load import Failed, load

_DISTRIBUTIONS = (
    "aiosqlite", "alembic", "anyio", "asyncpg", "fastapi", "greenlet", "httpx", "orjson", "psycopg",
    "psycopg2", "psycopg2-binary", "pydantic", "pydantic-core", "pydantic-settings", "pytest",
    "pytest-asyncio", "sqlalchemy", "sqlmodel", "starlette", "uvicorn", "uvloop",
)  # fmt: skip


def run(config: Config, recording: Any) -> None:
    """Import the application, write what it is to `config.out` and end the process."""
    try:
        answer, status = describe(load(config)), 0
    except Failed as error:
        answer, status = {"failed": error.to_json()}, 1
    Path(config.out).write_text(
        json.dumps(answer, ensure_ascii=False), encoding="utf-8", errors="surrogatepass"
    )
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # threads of the application may not want to end


def describe(app: Any) -> dict[str, Any]:
    """All facts of an imported ASGI application."""
    inner = routes.unwrap(app)
    layers = list(_wrappers(app)) + list(_middleware(inner))
    handlers = list(_handlers(inner))
    for _, mounted in routes.mounted_apps(inner):
        layers += _middleware(mounted)
        handlers += _handlers(mounted)
    return {
        "title": str(getattr(inner, "title", "")),
        "routes": list(routes.describe_routes(inner)),
        "middleware": layers,
        "handlers": handlers,
        "tables": tables.describe_tables(),
        "relationships": tables.describe_relationships(),
        "engines": engines.describe_all(),
        "lifespan": _lifespan(inner),
        "versions": _versions(),
        "openapi": _openapi(inner),
        "mounted": [
            [prefix, text] for prefix, mounted in routes.mounted_apps(inner) if (text := _openapi(mounted))
        ],
        "thread_limit": asyncio.run(engines.thread_limit()),
        "refused": network.take_refused(),
    }


def _wrappers(app: Any) -> Iterator[dict[str, Any]]:
    """Middleware that was put around the application by hand, outermost first."""
    while getattr(app, "routes", None) is None and getattr(app, "app", None) is not None:
        yield _layer(type(app))
        app = app.app


def _middleware(app: Any) -> Iterator[dict[str, Any]]:
    for each in getattr(app, "user_middleware", ()):
        options = getattr(each, "kwargs", None) or getattr(each, "options", None) or {}
        yield _layer(options.get("dispatch") or each.cls, base=each.cls)


def _layer(named: Any, base: Any = None) -> dict[str, Any]:
    base = base or named
    mro = inspect.getmro(base) if inspect.isclass(base) else ()
    return {
        "name": places.name_of(named),
        "span": places.span_of(named),
        "base_http": any(each.__name__ == "BaseHTTPMiddleware" for each in mro),
    }


def _handlers(app: Any) -> Iterator[dict[str, Any]]:
    for key, handler in getattr(app, "exception_handlers", {}).items():
        handles = places.name_of(key) if inspect.isclass(key) else str(key)
        yield {"handles": handles, "name": places.name_of(handler), "span": places.span_of(handler)}


def _lifespan(app: Any) -> str:
    """ "module:qualname" of the application's lifespan, or of its start-up handlers."""
    router = getattr(app, "router", None)
    own = _own_function(getattr(router, "lifespan_context", None), set())
    if own is not None:
        return places.name_of(own)
    return ", ".join(places.name_of(each) for each in getattr(router, "on_startup", ()))


def _own_function(call: Any, seen: set[int]) -> Any:
    """The function of the application inside of what FastAPI merges and wraps."""
    if call is None or id(call) in seen or len(seen) > 2000:
        return None
    seen.add(id(call))
    if not callable(call):
        return None
    if places.span_of(call) is not None and inspect.isroutine(places.function_of(call)):
        return call
    for cell in getattr(places.function_of(call), "__closure__", None) or ():
        found = _own_function(cell.cell_contents, seen)
        if found is not None:
            return found
    return None


def _versions() -> list[list[str]]:
    found = []
    for name in _DISTRIBUTIONS:
        try:
            found.append([name, importlib.metadata.version(name)])
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def _openapi(app: Any) -> str:
    """The schema as JSON with its key order kept; those of mounted applications under "x-strop-mounted"."""
    try:
        schema = dict(app.openapi())
        mounted = {
            path: inner.openapi()
            for path, inner in routes.mounted_apps(app)
            if callable(getattr(inner, "openapi", None))
        }
        if mounted:
            schema["x-strop-mounted"] = mounted
        return json.dumps(schema, ensure_ascii=False)
    except Exception:  # an application without a schema is still one
        return ""
