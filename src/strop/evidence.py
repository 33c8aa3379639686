"""What a run observed, with units. Times are microseconds, sizes bytes."""

from __future__ import annotations

from msgspec import Struct

from strop.cell import Answer, Call, RowChange
from strop.span import Span

SCHEMA = 1


class Query(Struct, frozen=True):
    """One statement that the application executed."""

    statement: str  # compiled text with placeholders, IN lists not expanded
    start: int  # us since the request began
    duration: int
    rows: int  # fetched so far when the request ended
    span: Span | None  # the application's line that caused it; None when a library did alone
    relationship: str = ""  # "Order.items" when a lazy load emitted it
    on_loop: bool = False  # a synchronous driver executed it on the event loop's thread
    many: int = 1  # parameter sets of an executemany
    stack: tuple[Span, ...] = ()  # application frames, innermost first; only for first and N-th repeats
    parameters: tuple[str, ...] = ()  # a sample for EXPLAIN, as repr; only for the first of its kind


class Phase(Struct, frozen=True):
    """A part of serving a request: a dependency, validation, the handler, serialization, background."""

    kind: str  # dependency, handler, serialize, background
    name: str  # "module:qualname"
    start: int
    duration: int
    thread: bool = False  # ran in the thread pool
    wait: int = 0  # us between submit and start in the thread pool


class Block(Struct, frozen=True):
    """The event loop stood still for `duration` inside this request."""

    duration: int
    cpu: int
    stack: tuple[Span, ...]  # application frames, innermost first
    name: str = ""  # innermost library callable, if the sampler saw one
    start: int = -1  # us since the request began, -1 if unknown


class Blocking(Struct, frozen=True):
    """A call known to block (file, socket, sleep, process) made on the event loop's thread."""

    name: str  # the audit event: open, time.sleep, socket.connect, subprocess.Popen, sqlite3.connect
    span: Span | None
    count: int = 1


class Outbound(Struct, frozen=True):
    """A call to another service."""

    method: str
    url: str  # without query and credentials
    start: int
    duration: int
    span: Span | None
    connection_held: bool = False  # a database connection was checked out meanwhile


class Built(Struct, frozen=True):
    """An expensive object that was made inside a request."""

    kind: str  # engine, client, settings, boto
    name: str
    span: Span | None
    duration: int


class Pool(Struct, frozen=True):
    """One use of a pooled database connection."""

    wait: int
    hold: int
    connected: bool = False  # a new connection had to be opened


class Exchange(Struct, frozen=True):
    """One request as it was served, and what it cost."""

    cell: str
    route: str
    method: str
    path: str
    status: int
    duration: int
    cpu: int  # CPU time of the process while the request was served alone
    first_byte: int = 0
    request_bytes: int = 0
    response_bytes: int = 0
    commits: int = 0
    rollbacks: int = 0
    threads: int = 0  # hops to the thread pool
    test: str = ""
    phases: tuple[Phase, ...] = ()
    queries: tuple[Query, ...] = ()
    blocks: tuple[Block, ...] = ()
    blocking: tuple[Blocking, ...] = ()
    outbound: tuple[Outbound, ...] = ()
    built: tuple[Built, ...] = ()
    pool: tuple[Pool, ...] = ()
    lines: tuple[Span, ...] = ()  # watched lines that were executed
    used: tuple[str, ...] = ()  # eager relationships that were read: "Order.items"
    loaded: tuple[str, ...] = ()  # relationships that were loaded eagerly


class FileState(Struct, frozen=True, order=True):
    """A file that a request wrote or removed, by its path below the application's folder, and what is in it now."""

    path: str
    state: str  # size, digest and begin of the content, or "gone"


class Outcome(Struct, frozen=True):
    """A cell as it was replayed: what the client saw, what changed in the database, what it cost."""

    cell: str
    answer: Answer
    exchange: Exchange
    rows: tuple[RowChange, ...] = ()
    calls: tuple[Call, ...] = ()
    files: tuple[FileState, ...] = ()  # that the request wrote
    left: tuple[str, ...] = ()  # what went on after the answer: "task work", "stream"


Outcomes = dict[str, Outcome]  # by id of the cell, or test and ordinal


class RouteCost(Struct, frozen=True):
    """What one route costs, per request (means unless said) over `requests` observed ones."""

    route: str
    requests: int
    queries: float
    queries_max: int
    rows: float
    rows_max: int
    cpu: float  # us
    duration: float  # us
    blocked: float  # us of loop standing still
    threads: float
    commits: float
    response_bytes: float
    share: float  # of all measured cost, 0 to 1


class LineCost(Struct, frozen=True):
    """What one line of the application costs over the run."""

    span: Span
    queries: int
    rows: int
    duration: int
    routes: tuple[str, ...]
    relationship: str = ""
    statement: str = ""


class Latency(Struct, frozen=True):
    """Latency of one route under uvicorn, us from the intended send time."""

    route: str
    requests: int
    p50: int
    p95: int
    p99: int
    throughput: float  # answers a second
    late: int = 0  # the generator's own lateness, p95


class TableSize(Struct, frozen=True):
    """How many rows a table of the measured database holds."""

    table: str
    rows: int


class ScanStep(Struct, frozen=True):
    """A full scan in the plan of one statement, where an index could serve."""

    statement: str
    table: str
    columns: tuple[str, ...]  # filtered, joined or sorted columns of that table
    use: str  # filter, join, sort
    rows: int  # rows of the table
    detail: str  # the plan's own line


class Evidence(Struct, frozen=True):
    """A saved run: readable without the target."""

    schema: int
    run: str
    app: str
    dialect: str
    versions: tuple[tuple[str, str], ...]
    source: str  # suite, openapi, har
    reached: tuple[str, ...]
    missed: tuple[str, ...]
    exchanges: tuple[Exchange, ...]
    routes: tuple[RouteCost, ...]
    lines: tuple[LineCost, ...]
    latencies: tuple[Latency, ...] = ()
    sizes: tuple[TableSize, ...] = ()
    scans: tuple[ScanStep, ...] = ()
    probe_cost: float = 0.0  # us a request that the probe itself took, measured in this run
    notes: tuple[str, ...] = ()  # what limits this evidence
    mix: tuple[tuple[str, int], ...] = ()  # requests of an access log, by route
    repeated: tuple[str, ...] = ()  # routes that were asked once, and did the same when they were asked again
