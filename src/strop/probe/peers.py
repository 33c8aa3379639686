"""Connections that lead to a peer in this process instead of to a server: a socket, and a transport of asyncio."""

from __future__ import annotations

import asyncio
import io
import socket
from collections.abc import Callable
from typing import Any, Protocol


class Peer(Protocol):
    """The other end: `greeting` is what it says first."""

    greeting: bytes

    def feed(self, data: bytes) -> bytes:
        """Take bytes, return the answer as far as there is one. Raises ConnectionError."""


class PeerSocket:
    """As much of a socket as http.client, urllib3 and smtplib use; its number is that of a real, silent one."""

    def __init__(self, peer: Peer) -> None:
        self._peer = peer
        self._out = bytearray(peer.greeting)
        self._real, self._other = socket.socketpair()

    def sendall(self, data: Any, *_: Any) -> None:
        """Send all at once."""
        self._out += self._peer.feed(bytes(data))

    def send(self, data: Any, *_: Any) -> int:
        """Send all at once."""
        self.sendall(data)
        return len(data)

    def recv(self, size: int, *_: Any) -> bytes:
        """Bytes of the answer; none when there is no more, as after the end of a connection."""
        data = bytes(self._out[:size])
        del self._out[:size]
        return data

    def recv_into(self, buffer: Any, size: int = 0, *_: Any) -> int:
        """The same into a buffer."""
        data = self.recv(size or len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def makefile(self, *_: Any, **__: Any) -> Any:
        """The answer as a file."""
        return io.BufferedReader(_Raw(self))

    def fileno(self) -> int:
        """Of a socket on which nothing ever comes."""
        return self._real.fileno()

    def shutdown(self, *_: Any) -> None:
        """Nothing is on its way."""

    def close(self) -> None:
        """End the connection; an answer that was begun can still be read, as from a socket with a file."""
        self._real.close()
        self._other.close()

    def settimeout(self, *_: Any) -> None:
        """Nobody waits here."""

    def gettimeout(self) -> None:
        """Nobody waits here."""

    def setsockopt(self, *_: Any) -> None:
        """Nothing to set."""

    def getpeername(self) -> tuple[str, int]:
        """Where a server would be."""
        return "127.0.0.1", 0

    def getsockname(self) -> tuple[str, int]:
        """Where this end would be."""
        return "127.0.0.1", 0


class _Raw(io.RawIOBase):
    def __init__(self, of: PeerSocket) -> None:
        self._of = of

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        return self._of.recv_into(buffer)


class PeerTransport(asyncio.Transport):
    """A transport of asyncio; call `begin` when the protocol is to know it."""

    def __init__(self, loop: Any, protocol: Any, peer: Peer) -> None:
        super().__init__()
        self._loop = loop
        self._protocol = protocol
        self._peer = peer
        self._closing = False
        self.fail: Callable[[Any, ConnectionError], None] = lambda _, error: self._end(error)

    def begin(self) -> None:
        """Connect, and let the peer say what it says first."""
        self._protocol.connection_made(self)
        if self._peer.greeting:
            self._loop.call_soon(self._protocol.data_received, self._peer.greeting)

    def write(self, data: Any) -> None:
        """Send bytes; the answer comes with the loop's next round."""
        if self._closing:
            return
        try:
            answer = self._peer.feed(bytes(data))
        except ConnectionError as error:
            self._loop.call_soon(self.fail, self._protocol, error)
            return
        if answer:
            self._loop.call_soon(self._protocol.data_received, answer)

    def writelines(self, list_of_data: Any) -> None:
        """Send several pieces."""
        self.write(b"".join(list_of_data))

    def close(self) -> None:
        """End the connection."""
        self._end(None)

    def _end(self, error: ConnectionError | None) -> None:
        if not self._closing:
            self._closing = True
            self._loop.call_soon(self._protocol.connection_lost, error)

    def abort(self) -> None:
        """End the connection."""
        self.close()

    def is_closing(self) -> bool:
        """Whether it has ended."""
        return self._closing

    def set_protocol(self, protocol: Any) -> None:
        """Give what comes to another one."""
        self._protocol = protocol

    def get_protocol(self) -> Any:
        """Who gets what comes."""
        return self._protocol

    def is_reading(self) -> bool:
        """What came is given at once."""
        return not self._closing

    def pause_reading(self) -> None:
        """Answers are whole: there is nothing to hold back."""

    def resume_reading(self) -> None:
        """Answers are whole."""

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing is buffered."""

    def get_write_buffer_size(self) -> int:
        """Nothing is buffered."""
        return 0

    def can_write_eof(self) -> bool:
        """As TLS, which can't."""
        return False

    def write_eof(self) -> None:
        """Nothing more will be sent."""
