"""How long does a request wait for a pooled database connection, and how long does it hold it?"""

from __future__ import annotations

import functools
from types import ModuleType
from typing import Any

from . import hooks
from .record import Entry, Record, current
from .ticks import perf_counter_ns

_held: dict[int, tuple[Record, Entry, int]] = {}  # by id of SQLAlchemy's record of the connection


def install() -> None:
    """Record checkouts from now on."""
    _held.clear()
    hooks.when_imported("sqlalchemy.pool.base", _patch)


def _patch(module: ModuleType) -> None:
    fairy, holder = module._ConnectionFairy, module._ConnectionRecord
    checkout = vars(fairy)["_checkout"].__func__
    checkin = holder.checkin
    connect = holder._ConnectionRecord__connect

    @functools.wraps(checkout)
    def _checkout(cls: Any, *args: Any, **kw: Any) -> Any:
        record = current.get()
        if record is None:
            return checkout(cls, *args, **kw)
        start = perf_counter_ns()
        opened = record.opened
        connection = checkout(cls, *args, **kw)
        _take(record, connection, start, record.opened != opened)
        return connection

    @functools.wraps(checkin)
    def give_back(self: Any, *args: Any, **kw: Any) -> Any:
        taken = _held.pop(id(self), None)
        if taken is not None:
            record, entry, since = taken
            entry["hold"] = (perf_counter_ns() - since) // 1000
            record.held -= 1
        return checkin(self, *args, **kw)

    @functools.wraps(connect)
    def open_connection(self: Any) -> Any:
        record = current.get()
        if record is not None:
            record.opened += 1
        return connect(self)

    hooks.replace(fairy, "_checkout", classmethod(_checkout))
    hooks.replace(holder, "checkin", give_back)
    hooks.replace(holder, "_ConnectionRecord__connect", open_connection)


def _take(record: Record, connection: Any, start: int, connected: bool) -> None:
    try:
        holder = connection._connection_record
        if holder is None or id(holder) in _held:  # a thread's own connection, taken again
            return
        now = perf_counter_ns()
        entry = {"wait": (now - start) // 1000, "hold": 0, "connected": connected}
        record.add("pool", entry)
        record.held += 1
        _held[id(holder)] = (record, entry, now)
    except Exception:
        hooks.failures["pool"] += 1


def settle(record: Record) -> None:
    """A request ends: what it still holds it has held until now."""
    now = perf_counter_ns()
    for owner, entry, since in list(_held.values()):
        if owner is record:
            entry["hold"] = (now - since) // 1000
