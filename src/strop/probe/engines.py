"""Which SQLAlchemy engines did the application make, where, and how big are the pools and the thread pool?"""

from __future__ import annotations

import weakref
from types import ModuleType
from typing import Any

from . import places
from .late import when_imported

_MOST = 100  # an application that makes an engine per request has been understood by then

_made: list[tuple[weakref.ref[Any], places.Span | None]] = []


def install() -> None:
    """Note every engine that is made from now on, with the application's line."""
    when_imported("sqlalchemy.engine.base", _patch)


def describe_all() -> list[dict[str, Any]]:
    """The engines so far, in the order of their making, in the shape of `strop.project.table.Engine`."""
    return [_describe(engine, span) for made, span in _made if (engine := made()) is not None]


async def thread_limit() -> int:
    """How many threads anyio's default limiter allows in the running loop."""
    try:
        import anyio.to_thread
    except ImportError:
        return 40
    limit = anyio.to_thread.current_default_thread_limiter().total_tokens
    return int(min(limit, 1_000_000))


def _patch(module: ModuleType) -> None:
    """Note engines in `__new__`: create_engine reads the arguments that it allows from `Engine.__init__`."""
    derived = module.OptionEngine

    def new(cls: type, *args: Any, **kwargs: Any) -> Any:
        engine: Any = object.__new__(cls)
        if len(_made) < _MOST and not issubclass(cls, derived):
            _made.append((weakref.ref(engine), places.caller_span()))
        return engine

    module.Engine.__new__ = new


def _describe(engine: Any, span: places.Span | None) -> dict[str, Any]:
    pool = engine.pool
    size = getattr(pool, "size", None)
    return {
        "url": engine.url.render_as_string(hide_password=True),
        "dialect": engine.dialect.name,
        "driver": engine.dialect.driver,
        "is_async": bool(getattr(engine.dialect, "is_async", False)),
        "pool": type(pool).__name__,
        "pool_size": int(size()) if callable(size) else 0,
        "max_overflow": int(getattr(pool, "_max_overflow", 0)),
        "span": span,
    }
