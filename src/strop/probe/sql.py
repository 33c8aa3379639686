"""Which statements does a request execute, from which line, and how many rows come back?"""

from __future__ import annotations

import functools
import sys
from asyncio import _get_running_loop
from collections.abc import Callable, Iterable, Iterator
from contextvars import ContextVar
from types import ModuleType
from typing import Any

from . import hooks
from .frames import cause, stack
from .record import Entry, Record, current
from .ticks import perf_counter_ns

_SAMPLED = (1, 2, 10)  # repetitions of a statement at a line that carry the full stack
_METHODS = frozenset(("do_execute", "do_executemany", "do_execute_no_params"))
_LONGEST = 200  # characters of a sampled parameter

lazy: ContextVar[str] = ContextVar("strop_lazy", default="")  # the relationship whose lazy load runs

_seen: set[str] = set()
_overridden = False  # a dialect has methods of its own


def install() -> None:
    """Record statements, rows, commits and lazy loads from now on."""
    _seen.clear()
    hooks.when_imported("sqlalchemy.engine.default", _patch_dialect)
    hooks.when_imported("sqlalchemy.engine.cursor", _patch_fetching)
    hooks.when_imported("sqlalchemy.orm.strategies", _patch_lazy_loader)


def _patch_dialect(module: ModuleType) -> None:
    dialect = module.DefaultDialect
    _patch_methods(dialect, base=True)
    init = dialect.__init__
    done = {dialect}

    def patch(kinds: Iterable[type]) -> None:
        global _overridden
        for kind in kinds:
            if kind not in done:
                done.add(kind)
                _overridden = _overridden or not _METHODS.isdisjoint(vars(kind))
                _patch_methods(kind, base=False)

    @functools.wraps(init)
    def __init__(self: Any, *args: Any, **kw: Any) -> None:  # noqa: N807  (it is a dialect's own)
        patch(kind for kind in type(self).__mro__ if issubclass(kind, dialect))
        init(self, *args, **kw)

    patch(_below(dialect))  # of engines that were made before
    hooks.replace(dialect, "__init__", __init__)


def _below(kind: type) -> Iterator[type]:
    below: list[type] = type.__subclasses__(kind)
    for each in below:
        yield each
        yield from _below(each)


def _patch_methods(kind: type, base: bool) -> None:
    """Wrap what this class itself defines; a dialect's own method may call that of its base."""
    for name in ("do_execute", "do_executemany"):
        if name in vars(kind):
            hooks.replace(kind, name, _executing(vars(kind)[name], base))
    if "do_execute_no_params" in vars(kind):
        hooks.replace(kind, "do_execute_no_params", _executing_bare(vars(kind)["do_execute_no_params"], base))
    for name, counter in (("do_commit", "commits"), ("do_rollback", "rollbacks")):
        if base and name in vars(kind):
            hooks.replace(kind, name, _counting(vars(kind)[name], counter))


def _executing(original: Callable[..., Any], base: bool) -> Callable[..., Any]:
    @functools.wraps(original)
    def execute(self: Any, cursor: Any, statement: Any, parameters: Any, context: Any = None) -> Any:
        record = current.get()
        if record is None:
            return original(self, cursor, statement, parameters, context)
        if not base and context is not None:
            context._strop_outer = True
        start = perf_counter_ns()
        try:
            return original(self, cursor, statement, parameters, context)
        finally:
            _note(record, start, self, cursor, statement, parameters, context, base)

    return execute


def _executing_bare(original: Callable[..., Any], base: bool) -> Callable[..., Any]:
    @functools.wraps(original)
    def execute(self: Any, cursor: Any, statement: Any, context: Any = None) -> Any:
        record = current.get()
        if record is None:
            return original(self, cursor, statement, context)
        start = perf_counter_ns()
        try:
            return original(self, cursor, statement, context)
        finally:
            _note(record, start, self, cursor, statement, (), context, base)

    return execute


def _counting(original: Callable[..., Any], counter: str) -> Callable[..., Any]:
    @functools.wraps(original)
    def count(self: Any, connection: Any) -> Any:
        record = current.get()
        if record is not None:
            record.count(counter)
        return original(self, connection)

    return count


def _note(
    record: Record,
    start: int,
    dialect: Any,
    cursor: Any,
    statement: Any,
    parameters: Any,
    context: Any,
    base: bool,
) -> None:
    """Append the statement that has just run (or failed)."""
    try:
        end = perf_counter_ns()
        many = 1
        if context is not None:
            if _overridden:
                if not base:
                    del context._strop_outer
                elif hasattr(context, "_strop_outer"):
                    return  # the dialect's own method, which called this one, notes it
            compiled = context.compiled
            if compiled is not None:
                statement = compiled.string
            if context.isinsert or type(parameters) is list:
                many = _sets(context, parameters)
        place = cause(statement)
        entry: Entry = {
            "statement": statement,
            "start": (start - record.start) // 1000,
            "duration": (end - start) // 1000,
            "rows": 0,
            "span": place,
            "relationship": lazy.get(),
            "on_loop": not dialect.is_async and _get_running_loop() is not None,
            "many": many,
            "stack": (),
            "parameters": (),
        }
        if record.repeats is None:
            record.repeats = {}
        repeats = record.repeats
        key = hash(statement) ^ id(place)
        count = repeats[key] = repeats.get(key, 0) + 1
        if count in _SAMPLED and place is not None:
            entry["stack"] = stack(sys._getframe(2))
        if statement not in _seen:
            _seen.add(statement)
            entry["parameters"] = _sample(parameters, many)
        rows = getattr(cursor, "_rows", None) if dialect.is_async else None
        if rows is not None:
            entry["rows"] = len(rows)  # an async adapter has fetched them all already
        elif context is not None:
            # Not on the context itself: one attribute more would cost it its compact layout.
            if record.results is None:
                record.results = {}
            record.results[id(context)] = entry
        record.queries.append(entry)
    except Exception:
        hooks.failures["sql"] += 1


def _sets(context: Any, parameters: Any) -> int:
    """How many parameter sets this call carries; a batch of an INSERT with many VALUES is one call."""
    if not context.executemany:
        return 1
    total = len(context.parameters)
    if total == len(parameters) and isinstance(parameters, list):
        return total
    each = len(context.parameters[0]) or 1
    return max(1, min(total, len(parameters) // each))


def _sample(parameters: Any, many: int) -> list[str]:
    """The parameters of one set as text, named ones as "name=value"."""
    if isinstance(parameters, list) and parameters and isinstance(parameters[0], (tuple, dict)):
        parameters = parameters[0]
    if isinstance(parameters, dict):
        return [f"{name}={value!r}"[:_LONGEST] for name, value in parameters.items()]
    return [repr(value)[:_LONGEST] for value in parameters or ()]


def _patch_fetching(module: ModuleType) -> None:
    for name in (
        "CursorFetchStrategy",
        "BufferedRowCursorFetchStrategy",
        "FullyBufferedCursorFetchStrategy",
    ):
        kind = getattr(module, name)
        if "fetchall" in vars(kind):
            hooks.replace(kind, "fetchall", _fetching_all(vars(kind)["fetchall"]))
        if "fetchmany" in vars(kind):
            hooks.replace(kind, "fetchmany", _fetching_many(vars(kind)["fetchmany"]))
        if "fetchone" in vars(kind):
            hooks.replace(kind, "fetchone", _fetching_one(vars(kind)["fetchone"]))


def _entry_of(result: Any) -> Entry | None:
    record = current.get()
    if record is None or record.results is None:
        return None
    return record.results.get(id(result.context))


def _note_rows(result: Any, rows: int, start: int) -> None:
    entry = _entry_of(result)
    if entry is not None:
        entry["rows"] += rows
        entry["duration"] += (perf_counter_ns() - start) // 1000


def _fetching_all(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def fetchall(self: Any, result: Any, dbapi_cursor: Any) -> Any:
        start = perf_counter_ns()
        rows = original(self, result, dbapi_cursor)
        if rows:
            _note_rows(result, len(rows), start)
        return rows

    return fetchall


def _fetching_many(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def fetchmany(self: Any, result: Any, dbapi_cursor: Any, size: int | None = None) -> Any:
        start = perf_counter_ns()
        rows = original(self, result, dbapi_cursor, size)
        if rows:
            _note_rows(result, len(rows), start)
        return rows

    return fetchmany


def _fetching_one(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def fetch(self: Any, result: Any, *args: Any, **kw: Any) -> Any:
        row = original(self, result, *args, **kw)
        if row is not None:
            entry = _entry_of(result)
            if entry is not None:
                entry["rows"] += 1
        return row

    return fetch


def _patch_lazy_loader(module: ModuleType) -> None:
    kind = getattr(module, "_LazyLoader", None) or module.LazyLoader
    original = kind._emit_lazyload

    @functools.wraps(original)
    def _emit_lazyload(self: Any, *args: Any, **kw: Any) -> Any:
        if current.get() is None:
            return original(self, *args, **kw)
        token = lazy.set(relationship(self))
        try:
            return original(self, *args, **kw)
        finally:
            lazy.reset(token)

    hooks.replace(kind, "_emit_lazyload", _emit_lazyload)


def relationship(strategy: Any) -> str:
    """Name what a loader strategy loads: "Order.items", by the class that maps it."""
    owner = strategy.parent_property
    return f"{owner.parent.class_.__name__}.{owner.key}"
