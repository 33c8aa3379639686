"""What do other services answer: what the user has recorded or written down, each in order, and nothing else."""

from __future__ import annotations

import base64
import json
import re
from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from .network import is_local

_taken: Counter[tuple[str, str, bytes]] = Counter()


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer to requests of `method` to URLs that `url` describes, with the body `sent` (None: any)."""

    method: str
    url: re.Pattern[str]
    host: str
    sent: bytes | None
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


_answers: list[Answer] = []


def install(path: str) -> None:
    """Read the answers from a JSON file, in the shape of `strop.target.Reply`."""
    _answers[:] = [_read(raw) for raw in json.loads(Path(path).read_text("utf-8"))] if path else []


def restart() -> None:
    """Begin every sequence of answers anew: each cell gets the first ones."""
    _taken.clear()


def are_given() -> bool:
    """Whether there is any answer at all."""
    return bool(_answers)


def is_ours(host: str, port: int) -> bool:
    """Whether requests to this server are answered here: every other machine's, and local ones with an answer."""
    if not is_local(host):
        return True
    return any(each.host in (host, f"{host}:{port}") for each in _answers)


def has_host(name: str) -> bool:
    """Whether there is an answer for a server of this name, at any port."""
    return any(fnmatchcase(name, each.host.partition(":")[0]) for each in _answers if each.host)


def find(method: str, url: str, body: bytes) -> Answer | None:
    """The next answer to such a request, the last one again and again; None for an unknown request."""
    fitting = [each for each in _answers if each.method == method and each.url.fullmatch(url)]
    exact = [each for each in fitting if each.sent == body]
    found = exact or [each for each in fitting if each.sent is None]
    if not found:
        return None
    key = (method, url, body)
    number = _taken[key]
    _taken[key] += 1
    return found[min(number, len(found) - 1)]


def _read(raw: dict[str, Any]) -> Answer:
    sent = raw.get("sent")
    return Answer(
        method=raw["method"].upper(),
        url=re.compile(".*".join(map(re.escape, raw["url"].split("*")))),
        host=urlsplit(raw["url"]).netloc.rpartition("@")[2],
        sent=None if sent is None else base64.b64decode(sent),
        status=int(raw["status"]),
        headers=tuple((name, value) for name, value in raw["headers"]),
        body=base64.b64decode(raw["body"]),
    )
