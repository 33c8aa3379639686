"""What has the request that is being served cost so far?

Entries are kept in the shape in which they are reported (`strop.evidence`), so that ending a request
converts nothing. Times are nanoseconds inside and microseconds in entries.
"""

from __future__ import annotations

from contextvars import ContextVar, Token
from typing import Any

from .ticks import perf_counter_ns, process_time_ns

Entry = dict[str, Any]

current: ContextVar[Record | None] = ContextVar("strop_record", default=None)


_EMPTY: Entry = {
    "cell": "",
    "route": "",
    "method": "",
    "path": "",
    "status": 0,
    "duration": 0,
    "cpu": 0,
    "first_byte": 0,
    "request_bytes": 0,
    "response_bytes": 0,
    "commits": 0,
    "rollbacks": 0,
    "threads": 0,
    "test": "",
    "phases": (),
    "queries": (),
    "blocks": (),
    "blocking": (),
    "outbound": (),
    "built": (),
    "pool": (),
    "lines": (),
    "used": (),
    "loaded": (),
}


class Record:
    """One request being served. Hooks of any thread write into its exchange.

    What most requests never need has its default on the class: making a record is paid by each of them.
    """

    scope: Entry | None = None
    end = 0  # when the last byte was sent
    held = opened = 0  # database connections: checked out now, newly connected
    phase: Entry | None = None  # the part that runs now
    phase_call: Any = None  # what it calls
    solved: set[int] | None = None  # ids of the dependencies that ran
    repeats: dict[int, int] | None = None  # of a statement at a place
    results: dict[int, Entry] | None = None  # by id of the execution context whose rows are fetched
    lines: dict[tuple[str, int], Entry] | None = None
    used: set[str] | None = None
    loaded: set[str] | None = None

    def __init__(self, cell: str, method: str, path: str) -> None:
        self.queries: list[Entry] = []
        self.phases: list[Entry] = []
        self.exchange = exchange = _EMPTY.copy()
        exchange["cell"] = cell
        exchange["method"] = method
        exchange["path"] = path
        exchange["queries"] = self.queries
        exchange["phases"] = self.phases
        self.cpu = process_time_ns()
        self.start = perf_counter_ns()
        self.token: Token[Record | None] | None = current.set(self)

    def add(self, field: str, entry: Entry) -> None:
        """Append to a field that most requests leave empty."""
        entries = self.exchange[field]
        if entries:
            entries.append(entry)
        else:
            self.exchange[field] = [entry]

    def count(self, field: str, by: int = 1) -> None:
        """Add to a counter."""
        self.exchange[field] += by


class _Void(list[Entry]):
    """Where hooks write that come after the end of their request."""

    def append(self, entry: Entry, /) -> None:
        """Drop the entry."""


_VOID = _Void()


def begin(cell: str, method: str, path: str) -> Record:
    """Start a record and make it the current one of this context."""
    return Record(cell, method, path)


def close(record: Record, status: int) -> Entry:
    """Make the record before this one current again; return the exchange, JSON-ready."""
    token, record.token = record.token, None
    if token is not None:
        try:
            current.reset(token)
        except ValueError:  # finished in another context than begun
            current.set(None)
    exchange = record.exchange
    exchange["status"] = status
    exchange["duration"] = ((record.end or perf_counter_ns()) - record.start) // 1000
    if record.phase is not None:
        record.phase["duration"] = (perf_counter_ns() - record.phase["duration"]) // 1000
        record.phase = None
    if record.lines is not None:
        exchange["lines"] = [record.lines[key] for key in sorted(record.lines)]
    if record.loaded is not None:
        exchange["loaded"] = sorted(record.loaded)
        exchange["used"] = sorted(record.used or ())
    record.queries = record.phases = _VOID
    record.exchange = _EMPTY.copy()
    exchange["cpu"] = (process_time_ns() - record.cpu) // 1000
    return exchange
