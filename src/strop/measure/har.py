"""Requests recorded by a browser or a proxy: a HAR file as cells."""

from __future__ import annotations

import base64
import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from urllib.parse import SplitResult, urlencode, urlsplit

import msgspec
from msgspec import Struct

from strop.cell import Answer, Cell, Request
from strop.measure.generate import STEPS, ascii_path, on_the_wire
from strop.probe.conversation import METHOD
from strop.problem import EXIT_USAGE, Problem

SCHEMES = ("http", "https", "ws", "wss")
LEFT_OUT = frozenset(
    {"connection", "content-length", "keep-alive", "transfer-encoding", "upgrade", "accept-encoding"}
)
BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # .NET tools begin their files with it


class Recording(Struct, frozen=True):
    """The requests of a file to one server, and which other servers were asked."""

    cells: tuple[Cell, ...]
    others: tuple[str, ...] = ()
    answers: tuple[Answer, ...] = ()  # of the recording, one a cell; status 0 where the file has none
    began: float = 0.0  # seconds since 1970 of the first request, 0 where the file does not say


class Pair(msgspec.Struct):
    """A header, or a field."""

    name: str
    value: str = ""


class Body(msgspec.Struct):
    """What was sent or came back; `params` are the fields of a form, where a tool writes those alone."""

    text: str = ""
    encoding: str = ""
    mimeType: str = ""  # noqa: N815 - the format's own name
    params: list[Pair] | None = None


class Sent(msgspec.Struct):
    """A request."""

    method: str
    url: str
    headers: list[Pair] = []
    postData: Body | None = None  # noqa: N815 - the format's own name


class Received(msgspec.Struct):
    """Its answer; the status is 0 where none came."""

    status: int = 0
    headers: list[Pair] = []
    content: Body | None = None


class _Message(msgspec.Struct):
    type: str = ""
    data: str = ""
    opcode: int = 1  # 2: bytes, in base64


class Entry(msgspec.Struct):
    """One request and its answer."""

    request: Sent
    response: Received | None = None
    startedDateTime: str = ""  # noqa: N815 - the format's own name
    messages: list[_Message] = msgspec.field(name="_webSocketMessages", default_factory=list)


class _Log(msgspec.Struct):
    entries: list[Entry]


class _Har(msgspec.Struct):
    log: _Log


def read_har(path: Path) -> Recording:
    """The requests of a HAR file in their order, without connection headers.

    A page loads from several servers: requests to the one that most often answered with JSON are taken. Raises Problem M401 when the file is missing or is no HAR, M402 when it holds no request.
    """
    try:
        entries = read_entries(path)
        found = [(urlsplit(entry.request.url), entry) for entry in entries]
        asked = [(url, entry) for url, entry in found if url.scheme in SCHEMES]
        host = _chosen(asked)
        mine = [(url, entry) for url, entry in asked if url.netloc == host]
        moments = [_moment(entry.startedDateTime) for _, entry in mine]
        began = min(filter(None, moments), default=0.0)
        cells = tuple(
            _cell(number, url, entry, moments[number] - began if moments[number] else 0.0)
            for number, (url, entry) in enumerate(mine)
        )
        answers = tuple(_answer(entry.response) for _, entry in mine)
    except OSError as error:
        raise Problem("M401", f"{path} can't be read: {error.strerror}", status=EXIT_USAGE) from None
    except (msgspec.DecodeError, ValueError) as error:
        message = f"{path} is not a HAR file: {error}"
        do = "export it anew from the browser's network panel ('Save all as HAR')"
        raise Problem("M401", message, do=do, status=EXIT_USAGE) from None
    if not cells:
        raise Problem("M402", f"{path} holds no request", status=EXIT_USAGE)
    others = tuple(sorted({url.netloc for url, _ in asked} - {host}))
    return Recording(cells, others, answers, began)


def read_entries(path: Path) -> list[Entry]:
    """Everything in a HAR file. Raises OSError, and ValueError for what is none."""
    return msgspec.json.decode(path.read_bytes().removeprefix(BYTE_ORDER_MARK), type=_Har).log.entries


def _chosen(asked: list[tuple[SplitResult, Entry]]) -> str:
    """The server that is the application: by what only an API does, then by how often it was asked."""
    told: Counter[str] = Counter(url.netloc for url, entry in asked if _is_api(entry))
    often = Counter(url.netloc for url, _ in asked)
    return max(often, key=lambda host: (told[host], often[host]), default="")


def _is_api(entry: Entry) -> bool:
    content = entry.response.content if entry.response else None
    return "json" in (content.mimeType if content else "")


def _moment(text: str) -> float:
    """Seconds since 1970; 0 where a tool left it out or wrote something else."""
    try:
        return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        return 0.0


def _answer(response: Received | None) -> Answer:
    if response is None:
        return Answer(0)
    content = response.content or Body()
    body = _decoded(content)
    headers = tuple(
        (pair.name.lower(), line) for pair in response.headers for line in pair.value.split("\n")
    )  # browsers join cookies by newlines
    return Answer(response.status, headers, body)


def _decoded(content: Body) -> bytes:
    """The body of an answer; of what is no JSON nobody hands anything back."""
    if "json" not in content.mimeType:
        return b""
    return base64.b64decode(content.text) if content.encoding == "base64" else content.text.encode()


def _cell(number: int, url: SplitResult, entry: Entry, after: float) -> Cell:
    request, talks = entry.request, url.scheme in ("ws", "wss")
    body = _said(entry.messages) if talks else sent_body(request.postData) if request.postData else b""
    headers = tuple(
        (on_the_wire(header.name.lower()), on_the_wire(header.value))
        for header in request.headers
        if header.name.lower() not in LEFT_OUT
        and not header.name.startswith((":", "sec-websocket", "Sec-WebSocket"))
    )
    if body and not talks:
        headers += (("content-length", str(len(body))),)
    path = ascii_path(f"{url.path or '/'}?{url.query}" if url.query else url.path or "/")
    sent = Request(METHOD if talks else request.method.upper(), path, headers, body)
    return Cell(f"h{number:04}", number % STEPS, sent, "", "har", shift=after)


def _said(messages: list[_Message]) -> bytes:
    """What the client said in a conversation, as the body of its cell."""
    said = ({"bytes": m.data} if m.opcode == 2 else {"text": m.data} for m in messages if m.type == "send")
    return json.dumps(list(said), ensure_ascii=False).encode()


def sent_body(data: Body) -> bytes:
    """The body as it was sent; some tools write the fields of a form alone."""
    if data.encoding == "base64":
        return base64.b64decode(data.text)
    if data.params and not data.text:
        return urlencode([(pair.name, pair.value) for pair in data.params]).encode()
    return data.text.encode()
