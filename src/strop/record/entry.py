"""One request and its answer in the shape of a HAR entry, which browsers' tools read too."""

from __future__ import annotations

import base64
import time
import zlib
from datetime import UTC, datetime
from typing import Any

LONGEST = (
    1 << 20
)  # bytes of an answer's text that are kept: values that a client hands back lie in small ones
TEXTS = ("json", "text/", "xml", "javascript", "urlencoded")

Pairs = list[tuple[str, str]]


class Heard:
    """What passed in one request."""

    def __init__(self, scope: dict[str, Any]) -> None:
        self.scope = scope
        self.root = scope.get("root_path", "")
        self.began = time.time()
        self.ticks = time.perf_counter()
        self.body = bytearray()
        self.status = 0
        self.headers: Pairs = []
        self.answer = bytearray()
        self.size = 0
        self.messages: list[dict[str, Any]] = []  # of a conversation over a WebSocket

    def receive(self, message: dict[str, Any]) -> None:
        """A message from the client."""
        if message["type"] == "http.request":
            self.body += message.get("body", b"")
        elif message["type"] == "websocket.receive":
            self._say("send", message)

    def send(self, message: dict[str, Any]) -> None:
        """A message to the client."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.headers = _texts(message.get("headers", ()))
        elif message["type"] == "http.response.body":
            part = message.get("body", b"")
            self.size += len(part)
            if len(self.answer) <= LONGEST:
                self.answer += part
        elif message["type"] == "websocket.accept":
            self.status = 101
        elif message["type"] == "websocket.send":
            self._say("receive", message)

    def _say(self, way: str, message: dict[str, Any]) -> None:
        data = message.get("bytes")
        text = message.get("text") if data is None else base64.b64encode(data).decode()
        self.messages.append(
            {"type": way, "time": time.time(), "opcode": 1 if data is None else 2, "data": text}
        )

    def entry(self) -> dict[str, Any]:
        """The entry; `_route` is the path template that served it, where there was one."""
        scope = self.scope
        took = (time.perf_counter() - self.ticks) * 1000
        headers = _texts(scope["headers"])
        kind = next((value for name, value in headers if name == "content-type"), "")
        request = {
            "method": scope.get("method", "GET"),
            "url": _url(scope),
            "httpVersion": f"HTTP/{scope.get('http_version', '1.1')}",
            "cookies": [],
            "headers": _pairs(headers),
            "queryString": [],
            "headersSize": -1,
            "bodySize": len(self.body),
        }
        if self.body:
            request["postData"] = {"mimeType": kind, **_text(bytes(self.body))}
        talk = {"_resourceType": "websocket", "_webSocketMessages": self.messages}
        return {
            "startedDateTime": datetime.fromtimestamp(self.began, UTC).isoformat(timespec="milliseconds"),
            "time": took,
            "request": request,
            "response": self._response(),
            "cache": {},
            "timings": {"send": 0, "wait": took, "receive": 0},
            "_route": self._route(),
            **(talk if scope["type"] == "websocket" else {}),
        }

    def _response(self) -> dict[str, Any]:
        kind = next((value for name, value in self.headers if name == "content-type"), "")
        content: dict[str, Any] = {"size": self.size, "mimeType": kind}
        if self.size <= LONGEST and any(word in kind for word in TEXTS):
            content |= _text(_unpacked(bytes(self.answer), self.headers))
        return {
            "status": self.status,
            "statusText": "",
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _pairs(self.headers),
            "content": content,
            "redirectURL": next((value for name, value in self.headers if name == "location"), ""),
            "headersSize": -1,
            "bodySize": self.size,
        }

    def _route(self) -> str:
        route = self.scope.get("route")
        template = getattr(route, "path_format", None) or getattr(route, "path", None)
        if not isinstance(template, str):
            return ""
        mount = str(self.scope.get("root_path", "")).removeprefix(self.root)
        return f"{self.scope.get('method', 'WEBSOCKET')} {mount}{template}"


def _url(scope: dict[str, Any]) -> str:
    """Always under the server's own name, so that all requests of a recording are to one."""
    host, port = scope.get("server") or ("127.0.0.1", 80)
    raw = scope.get("raw_path") or scope["path"].encode()
    query = scope.get("query_string", b"")
    path = (raw.partition(b"?")[0] + (b"?" + query if query else b"")).decode("latin-1")
    return f"{scope.get('scheme', 'http')}://{host}:{port}{path}"


def _texts(headers: Any) -> Pairs:
    return [
        (bytes(name).decode("latin-1").lower(), bytes(value).decode("latin-1")) for name, value in headers
    ]


def _pairs(headers: Pairs) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]


def _text(data: bytes) -> dict[str, str]:
    try:
        return {"text": data.decode()}
    except UnicodeDecodeError:
        return {"text": base64.b64encode(data).decode(), "encoding": "base64"}


def _unpacked(body: bytes, headers: Pairs) -> bytes:
    """HAR keeps an answer as it reads without its compression."""
    coding = next((value for name, value in headers if name == "content-encoding"), "")
    if coding not in ("gzip", "deflate"):
        return b"" if coding not in ("", "identity") else body
    try:
        return zlib.decompress(body, wbits=zlib.MAX_WBITS | 32)
    except zlib.error:
        return b""
