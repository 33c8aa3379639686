"""Streams of httpcore (below httpx) that lead to a peer in this process."""

from __future__ import annotations

from typing import Any

from .web_peer import Refused, WebPeer


class _Ends:
    """What both kinds of stream do."""

    def __init__(self, peer: WebPeer) -> None:
        self._peer = peer
        self._out = bytearray()

    def give(self, data: bytes) -> None:
        """Send bytes. Raises what httpcore raises for a server that can't be reached."""
        import httpcore

        try:
            self._out += self._peer.feed(data)
        except Refused as error:
            raise httpcore.ConnectError(str(error)) from error

    def take(self, size: int) -> bytes:
        """At most `size` bytes of the answer."""
        data = bytes(self._out[:size])
        del self._out[:size]
        return data

    def encrypt(self) -> None:
        """The rest is what the client takes for TLS."""
        self._peer.scheme = "https"


def make_stream(base: Any) -> Any:
    """The class of streams for `SyncBackend`."""

    class Stream(_Ends, base):  # type: ignore[misc]  # httpcore's own, known when it is imported
        def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
            return self.take(max_bytes)

        def write(self, buffer: bytes, timeout: float | None = None) -> None:
            self.give(buffer)

        def close(self) -> None:
            self._out.clear()

        def start_tls(self, ssl_context: Any, server_hostname: Any = None, timeout: Any = None) -> Any:
            self.encrypt()
            return self

        def get_extra_info(self, info: str) -> Any:
            return None

    return Stream


def make_async_stream(base: Any) -> Any:
    """The class of streams for `AutoBackend`."""

    class Stream(_Ends, base):  # type: ignore[misc]  # httpcore's own, known when it is imported
        async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
            return self.take(max_bytes)

        async def write(self, buffer: bytes, timeout: float | None = None) -> None:
            self.give(buffer)

        async def aclose(self) -> None:
            self._out.clear()

        async def start_tls(self, ssl_context: Any, server_hostname: Any = None, timeout: Any = None) -> Any:
            self.encrypt()
            return self

        def get_extra_info(self, info: str) -> Any:
            return None

    return Stream
