"""The other end of an HTTP connection that goes nowhere: requests come in as bytes, answers go out as bytes."""

from __future__ import annotations

from http import HTTPStatus

from . import answers, calls

_OWN = frozenset({"content-length", "transfer-encoding", "connection", "content-encoding", "keep-alive"})
_BARE = (204, 304)  # without a body, whatever was recorded
_PORTS = {"http": 80, "https": 443}


class Refused(ConnectionRefusedError):
    """There is no answer, and nothing leaves this machine."""


class WebPeer:
    """Speaks HTTP/1.1 for one server; a connection may bring several requests."""

    greeting = b""

    def __init__(self, scheme: str, host: str, port: int) -> None:
        self.scheme = scheme
        self.host = host.decode() if isinstance(host, bytes) else host
        self.port = port
        self._given = bytearray()

    def feed(self, data: bytes) -> bytes:
        """Take bytes; return what the server answers to the requests that they complete. Raises Refused."""
        self._given += data
        out = b""
        while (request := self._next()) is not None:
            out += self._answer(*request)
        return out

    def _next(self) -> tuple[str, str, bytes] | None:
        """Method, URL and body of the next complete request."""
        head, end, rest = bytes(self._given).partition(b"\r\n\r\n")
        if not end:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {
            name.strip().lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)
        }
        chunked = "chunked" in headers.get("transfer-encoding", "").lower()
        taken = _chunks(rest) if chunked else _counted(rest, int(headers.get("content-length") or 0))
        if taken is None:
            return None
        body, left = taken
        self._given[:] = left
        method, target, *_ = first.split(" ")
        return method.upper(), target if "://" in target else self._place(headers) + target, body

    def _place(self, headers: dict[str, str]) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS.get(self.scheme) else f":{self.port}"
        return f"{self.scheme}://{host}{port}"

    def _answer(self, method: str, url: str, body: bytes) -> bytes:
        found = answers.find(method, url, body)
        calls.note("http", f"{method} {url}", calls.text_of(body), found is not None)
        if found is None:
            why = (
                "there is no answer to" if answers.are_given() else "the network is closed here, refused was"
            )
            raise Refused(111, f"strop: {why} {method} {url}")
        return _bytes_of(found, method)


def _bytes_of(answer: answers.Answer, method: str) -> bytes:
    try:
        phrase = HTTPStatus(answer.status).phrase
    except ValueError:
        phrase = "Unknown"
    lines = [f"HTTP/1.1 {answer.status} {phrase}"]
    lines += [f"{name}: {value}" for name, value in answer.headers if name.lower() not in _OWN]
    if answer.status not in _BARE:
        lines.append(f"content-length: {len(answer.body)}")
    bare = answer.status in _BARE or method == "HEAD"
    head = "\r\n".join(" ".join(line.splitlines()) for line in lines)
    return head.encode("latin-1", "replace") + b"\r\n\r\n" + (b"" if bare else answer.body)


def _counted(rest: bytes, length: int) -> tuple[bytes, bytes] | None:
    return (rest[:length], rest[length:]) if len(rest) >= length else None


def _chunks(rest: bytes) -> tuple[bytes, bytes] | None:
    """A chunked body and what follows it; None while it is not complete."""
    body = b""
    while True:
        line, end, rest = rest.partition(b"\r\n")
        if not end:
            return None
        size = int(line.partition(b";")[0], 16)
        if len(rest) < size + 2:
            return None
        body, rest = body + rest[:size], rest[size + 2 :]
        if size == 0:
            return body, rest
