"""Latency from the moment a request should have been sent, whatever the server does with it.

The figures are bounds that hold on a busy machine too: a server that sleeps can't answer earlier.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator

import pytest

from strop.cell import Cell, Request
from strop.measure import latency
from strop.measure.latency import measure_latency

MS = 1000  # us
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
STALL = 0.4  # seconds
Answering = Callable[[bytes, asyncio.StreamWriter], Awaitable[None]]


class Server:
    """Answers each request line with what the test wants, on an event loop of its own."""

    def __init__(self, answer: Answering) -> None:
        self._answer = answer
        self._loop = asyncio.new_event_loop()
        self.requests: list[bytes] = []
        self.connections = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = self._loop.run_until_complete(asyncio.start_server(self._begin, "127.0.0.1", 0))
        self.port: int = self._server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    async def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                self.requests.append(head)
                await self._answer(head, writer)
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    async def _end(self) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()


@pytest.fixture
def serving() -> Iterator[Callable[[Answering], Server]]:
    made: list[Server] = []

    def begin(answer: Answering) -> Server:
        made.append(Server(answer))
        return made[-1]

    yield begin
    for server in made:
        server.close()


@pytest.fixture(autouse=True)
def haste(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latency, "SECONDS", 0.5)
    monkeypatch.setattr(latency, "PATIENCE", 5.0)


def cell(path: str, body: bytes = b"") -> Cell:
    return Cell("c", 0, Request("GET", path, (("host", "testserver"),), body), f"GET {path}")


async def at_once(_: bytes, writer: asyncio.StreamWriter) -> None:
    writer.write(OK)


def test_a_stall_is_felt_by_all_who_should_have_been_served_meanwhile(
    serving: Callable[[Answering], Server],
) -> None:
    """A closed loop would send one request during the stall, and half of the others would look quick."""
    first: list[bytes] = []

    async def stalls_once(head: bytes, writer: asyncio.StreamWriter) -> None:
        if not first:
            first.append(head)
            time.sleep(STALL)  # the whole server stands still
        writer.write(OK)

    server = serving(stalls_once)
    (found,) = measure_latency(server.port, [cell("/")], rate=100, connections=4)
    assert found.requests == 50 == len(server.requests)
    assert found.p99 >= 0.9 * STALL * 1e6
    assert found.p50 >= 0.3 * STALL * 1e6


def test_few_connections_make_requests_wait_and_the_wait_counts(
    serving: Callable[[Answering], Server],
) -> None:
    async def slow(_: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.02)
        writer.write(OK)

    server = serving(slow)
    (one,) = measure_latency(server.port, [cell("/")], rate=80, connections=1)
    assert server.connections == 1
    assert one.p95 > 150 * MS  # 40 requests take 0.8 s instead of 0.5
    (many,) = measure_latency(server.port, [cell("/")], rate=80, connections=16)
    assert many.p50 >= 20 * MS


def test_each_route_has_its_own_figures(serving: Callable[[Answering], Server]) -> None:
    async def by_path(head: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.1 if b"/slow" in head else 0)
        writer.write(OK)

    server = serving(by_path)
    found = {f.route: f for f in measure_latency(server.port, [cell("/slow"), cell("/fast")], rate=40)}
    assert {route: f.requests for route, f in found.items()} == {"GET /slow": 10, "GET /fast": 10}
    assert found["GET /slow"].p50 >= 100 * MS > found["GET /fast"].p50
    assert all(f.p50 <= f.p95 <= f.p99 for f in found.values())
    assert 0 < found["GET /fast"].throughput <= 40


def test_every_cell_is_sent_though_the_time_is_short(serving: Callable[[Answering], Server]) -> None:
    server = serving(at_once)
    found = measure_latency(server.port, [cell(f"/{n}", b"body") for n in range(9)], rate=10)
    assert sorted(f.route for f in found) == [f"GET /{n}" for n in range(9)]
    assert server.requests[0] == b"GET /0 HTTP/1.1\r\nhost: testserver\r\n\r\n"


def test_an_answer_that_never_comes_counts_as_patience(
    serving: Callable[[Answering], Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(latency, "PATIENCE", 1.5)

    async def never(head: bytes, writer: asyncio.StreamWriter) -> None:
        if b"/never" not in head:
            writer.write(OK)

    server = serving(never)
    found = {f.route: f for f in measure_latency(server.port, [cell("/never"), cell("/")], rate=20)}
    assert found["GET /never"].p50 == pytest.approx(latency.PATIENCE * 1e6, abs=2)
    assert found["GET /"].p50 < found["GET /never"].p50


@pytest.mark.parametrize(
    "answer",
    [
        [b"HTTP/1.1 200 OK\r\ncontent-", b"length: 4\r\n\r\nab", b"cd"],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", b"0\r\n\r\n"],
        [b"HTTP/1.1 204 No Content\r\nx: 1\r\n\r\n"],
        [b"HTTP/1.1 304 Not Modified\r\n\r\n"],
    ],
    ids=["in parts", "chunked", "no content", "not modified"],
)
def test_the_end_of_an_answer_is_seen(answer: list[bytes], serving: Callable[[Answering], Server]) -> None:
    async def in_parts(_: bytes, writer: asyncio.StreamWriter) -> None:
        for part in answer:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.005)

    server = serving(in_parts)
    (found,) = measure_latency(server.port, [cell("/")], rate=20, connections=1)
    assert found.p99 < latency.PATIENCE * 1e6
    assert (server.connections, len(server.requests)) == (1, 10)


def test_a_server_that_hangs_up_is_called_again(serving: Callable[[Answering], Server]) -> None:
    async def hangs_up(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nuntil the end")
        writer.close()

    server = serving(hangs_up)
    (found,) = measure_latency(server.port, [cell("/")], rate=20, connections=2)
    assert found.p99 < latency.PATIENCE * 1e6
    assert server.connections == len(server.requests) == 10


def test_a_server_that_hangs_up_without_a_word_did_not_answer(serving: Callable[[Answering], Server]) -> None:
    async def hangs_up(_: bytes, writer: asyncio.StreamWriter) -> None:
        writer.close()

    (found,) = measure_latency(serving(hangs_up).port, [cell("/")], rate=20, connections=2)
    assert found.requests == 10
    assert found.p50 == pytest.approx(latency.PATIENCE * 1e6, abs=2)


def test_no_server_and_no_cell() -> None:
    closed = Server(at_once)
    closed.close()
    (found,) = measure_latency(closed.port, [cell("/")], rate=20)
    assert found.requests == 10
    assert found.p50 == pytest.approx(latency.PATIENCE * 1e6, abs=2)
    assert measure_latency(closed.port, [], rate=20) == ()
