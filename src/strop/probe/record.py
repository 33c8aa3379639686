"""What has the request that is being served cost so far?

Entries are kept in the shape in which they are reported (`strop.evidence`), so that ending a request
converts nothing. Times are nanoseconds inside and microseconds in entries.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar, Token
from time import perf_counter_ns, process_time_ns
from typing import Any

Entry = dict[str, Any]

current: ContextVar[Record | None] = ContextVar("strop_record", default=None)

on_begin: Callable[[], None] | None = None  # told on the thread of each request that begins


class Record:
    """One request being served. Hooks of any thread append to its lists."""

    __slots__ = (
        "blocking",
        "blocks",
        "built",
        "cell",
        "commits",
        "cpu",
        "end",
        "first_byte",
        "held",
        "lines",
        "loaded",
        "method",
        "opened",
        "outbound",
        "path",
        "phase",
        "phase_call",
        "phases",
        "pool",
        "queries",
        "repeats",
        "request_bytes",
        "response_bytes",
        "rollbacks",
        "scope",
        "solved",
        "start",
        "status",
        "threads",
        "token",
        "used",
    )

    def __init__(self, cell: str, method: str, path: str) -> None:
        self.cell = cell
        self.method = method
        self.path = path
        self.scope: Entry | None = None
        self.token: Token[Record | None] | None = None
        self.status = self.first_byte = self.end = 0
        self.request_bytes = self.response_bytes = 0
        self.commits = self.rollbacks = self.threads = 0
        self.held = self.opened = 0  # database connections: checked out now, newly connected
        self.phase: Entry | None = None  # the part that runs now
        self.phase_call: Any = None  # what it calls
        self.solved: set[int] | None = None  # ids of the dependencies that ran
        self.queries: list[Entry] = []
        self.repeats: dict[tuple[str, int], int] = {}
        self.phases: list[Entry] = []
        self.blocks: list[Entry] = []
        self.blocking: list[Entry] = []
        self.outbound: list[Entry] = []
        self.built: list[Entry] = []
        self.pool: list[Entry] = []
        self.lines: dict[tuple[str, int], Entry] | None = None
        self.used: set[str] | None = None
        self.loaded: set[str] | None = None
        self.cpu = process_time_ns()
        self.start = perf_counter_ns()


def begin(cell: str, method: str, path: str) -> Record:
    """Start a record and make it the current one of this context."""
    record = Record(cell, method, path)
    record.token = current.set(record)
    if on_begin is not None:
        on_begin()
    return record


def leave(record: Record) -> None:
    """Make the record that was current before `begin` current again."""
    token, record.token = record.token, None
    if token is not None:
        try:
            current.reset(token)
        except ValueError:  # finished in another context than begun
            current.set(None)


def close(record: Record, status: int, route: str) -> Entry:
    """Return the exchange, JSON-ready, and detach its lists from hooks that come late."""
    ended = perf_counter_ns()
    exchange = {
        "cell": record.cell,
        "route": route,
        "method": record.method,
        "path": record.path,
        "status": status,
        "duration": ((record.end or ended) - record.start) // 1000,
        "cpu": (process_time_ns() - record.cpu) // 1000,
        "first_byte": (record.first_byte - record.start) // 1000 if record.first_byte else 0,
        "request_bytes": record.request_bytes,
        "response_bytes": record.response_bytes,
        "commits": record.commits,
        "rollbacks": record.rollbacks,
        "threads": record.threads,
        "test": "",
        "phases": record.phases,
        "queries": record.queries,
        "blocks": record.blocks,
        "blocking": record.blocking,
        "outbound": record.outbound,
        "built": record.built,
        "pool": record.pool,
        "lines": [record.lines[key] for key in sorted(record.lines)] if record.lines else [],
        "used": sorted(record.used) if record.used else [],
        "loaded": sorted(record.loaded) if record.loaded else [],
    }
    record.phases, record.queries, record.pool, record.blocks = [], [], [], []
    record.blocking, record.outbound, record.built = [], [], []
    return exchange
