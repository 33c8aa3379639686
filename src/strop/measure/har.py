"""Requests recorded by a browser or a proxy: a HAR file as cells."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from strop.cell import Cell, Request
from strop.measure.generate import STEPS, ascii_path, on_the_wire
from strop.problem import EXIT_USAGE, Problem

LEFT_OUT = frozenset(
    {"connection", "content-length", "keep-alive", "transfer-encoding", "upgrade", "accept-encoding"}
)


def read_har(path: Path) -> tuple[Cell, ...]:
    """The requests of a HAR file in their order, without connection headers.

    Raises Problem M401 when the file is missing or is no HAR.
    """
    try:
        entries = msgspec.json.decode(path.read_bytes())["log"]["entries"]
        cells = tuple(_cell(number, entry["request"]) for number, entry in enumerate(entries))
    except OSError as error:
        raise Problem("M401", f"{path} can't be read: {error.strerror}", status=EXIT_USAGE) from None
    except (msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
        message = f"{path} is not a HAR file: {type(error).__name__} {error}"
        do = "export it anew from the browser's network panel ('Save all as HAR')"
        raise Problem("M401", message, do=do, status=EXIT_USAGE) from None
    if not cells:
        raise Problem("M402", f"{path} holds no request", status=EXIT_USAGE)
    return cells


def _cell(number: int, request: dict[str, Any]) -> Cell:
    url = urlsplit(request["url"])
    body = _body(request.get("postData") or {})
    headers = tuple(
        (on_the_wire(header["name"].lower()), on_the_wire(header["value"]))
        for header in request.get("headers", ())
        if header["name"].lower() not in LEFT_OUT and not header["name"].startswith(":")
    )
    if body:
        headers += (("content-length", str(len(body))),)
    path = ascii_path(f"{url.path or '/'}?{url.query}" if url.query else url.path or "/")
    return Cell(
        f"h{number:04}", number % STEPS, Request(request["method"].upper(), path, headers, body), "", "har"
    )


def _body(data: dict[str, Any]) -> bytes:
    text = str(data.get("text", ""))
    return base64.b64decode(text) if data.get("encoding") == "base64" else text.encode()
