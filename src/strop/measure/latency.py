"""Latency under uvicorn: an open-loop client that counts from the moment a request should have been sent.

A closed loop waits for slow answers before it sends more and so hides them (coordinated omission, Gil Tene,
"How NOT to Measure Latency"). The client is a bare asyncio protocol, because a full HTTP client costs the
second core more than the server takes.
"""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

from strop.cell import Cell
from strop.evidence import Latency
from strop.stats.quantile import quantile, tail

SECONDS = 3.0  # of sending
PATIENCE = 10.0  # seconds to wait for the last answers


@dataclass
class _Sent:
    route: str
    intended: float
    done: asyncio.Future[int]
    late: float = 0.0


@dataclass
class _Connection(asyncio.Protocol):
    """One keep-alive connection; a request at a time."""

    free: asyncio.Queue[_Connection]
    transport: asyncio.Transport | None = None
    waiting: _Sent | None = None
    buffer: bytearray = field(default_factory=bytearray)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        status = _complete(self.buffer)
        if status and self.waiting is not None:
            sent, self.waiting = self.waiting, None
            self.buffer.clear()
            if not sent.done.done():
                sent.done.set_result(status)
            self.free.put_nowait(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        if self.waiting is not None:
            if not self.waiting.done.done():
                self.waiting.done.set_result(_status(self.buffer))
            self.waiting = None
            self.free.put_nowait(self)


def measure_latency(
    port: int, cells: Sequence[Cell], rate: float, connections: int = 16
) -> tuple[Latency, ...]:
    """Send the cells in turn at `rate` requests a second for SECONDS; latency by route, us.

    The cells must not write. Answers that never came count as PATIENCE.
    """
    return asyncio.run(_measure(port, cells, rate, connections)) if cells else ()


async def _measure(port: int, cells: Sequence[Cell], rate: float, connections: int) -> tuple[Latency, ...]:
    loop = asyncio.get_running_loop()
    free: asyncio.Queue[_Connection] = asyncio.Queue()
    pool = [_Connection(free) for _ in range(connections)]
    for connection in pool:
        free.put_nowait(connection)
    requests = [_bytes(cell) for cell in cells]
    sent: list[_Sent] = []
    finished: dict[int, float] = {}
    start = time.perf_counter() + 0.05
    sending: list[asyncio.Task[None]] = []
    for number in range(max(len(cells), int(rate * SECONDS))):
        intended = start + number / rate
        await asyncio.sleep(max(0.0, intended - time.perf_counter()))
        one = _Sent(cells[number % len(cells)].route, intended, loop.create_future())
        one.late = time.perf_counter() - intended
        one.done.add_done_callback(partial(_note_end, finished, number))
        sent.append(one)
        sending.append(asyncio.create_task(_send(port, free, one, requests[number % len(cells)])))
    await asyncio.wait([one.done for one in sent], timeout=PATIENCE)
    for task in sending:
        task.cancel()
    for connection in pool:
        if connection.transport is not None:
            connection.transport.abort()
    return _by_route(sent, finished)


def _note_end(finished: dict[int, float], number: int, done: asyncio.Future[int]) -> None:
    if done.result():  # 0: the server hung up or could not be reached, which would look quick
        finished[number] = time.perf_counter()


async def _send(port: int, free: asyncio.Queue[_Connection], sent: _Sent, data: bytes) -> None:
    connection = await free.get()
    if connection.transport is None or connection.transport.is_closing():
        try:
            await asyncio.get_running_loop().create_connection(lambda: connection, "127.0.0.1", port)
        except OSError:
            sent.done.set_result(0)
            free.put_nowait(connection)
            return
    connection.waiting = sent
    connection.buffer.clear()
    assert connection.transport is not None
    connection.transport.write(data)


def _by_route(sent: Sequence[_Sent], finished: dict[int, float]) -> tuple[Latency, ...]:
    groups: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for number, one in enumerate(sent):
        took = finished.get(number, one.intended + PATIENCE) - one.intended
        groups[one.route].append((took * 1e6, max(one.late, 0.0) * 1e6))
    whole = (max(finished.values()) - sent[0].intended) if finished else PATIENCE
    found = []
    for route, pairs in sorted(groups.items()):
        times = tail([took for took, _ in pairs])
        late = quantile([late for _, late in pairs], 0.95)
        p50, p95, p99 = int(times.p50), int(times.p95), int(times.p99)
        found.append(Latency(route, len(pairs), p50, p95, p99, len(pairs) / whole, int(late)))
    return tuple(found)


def _bytes(cell: Cell) -> bytes:
    request = cell.request
    head = [
        f"{request.method} {request.path} HTTP/1.1",
        *(f"{name}: {value}" for name, value in request.headers),
    ]
    return "\r\n".join([*head, "", ""]).encode("latin-1", "replace") + request.body


def _status(buffer: bytearray) -> int:
    return int(buffer[9:12]) if buffer.startswith(b"HTTP/1.") and buffer[9:12].isdigit() else 0


def _complete(buffer: bytearray) -> int:
    """The status once the whole answer is here, else 0."""
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        return 0
    head = bytes(buffer[:end]).lower()
    body = len(buffer) - end - 4
    for line in head.split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return _status(buffer) if body >= int(line[15:]) else 0
        if line.startswith(b"transfer-encoding:") and b"chunked" in line:
            return _status(buffer) if buffer.endswith(b"0\r\n\r\n") else 0
    return _status(buffer) if _status(buffer) in (204, 304) else 0
