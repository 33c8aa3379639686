"""Which database shall the application really get: one question, one answer, over strop's socket."""

from __future__ import annotations

import json
import socket
import threading
from typing import Any

_SECONDS = 120.0  # cloning a database may take its time

_address = ""
_answers: dict[str, dict[str, Any]] = {}
_lock = threading.Lock()


def install(address: str) -> None:
    """Send questions to the Unix socket at `address`."""
    global _address
    _address = address


def ask(question: dict[str, Any]) -> dict[str, Any]:
    """The answer to `question`, asked once per process. Raises ConnectionRefusedError for a `refuse`."""
    key = json.dumps(question, sort_keys=True)
    with _lock:
        if key not in _answers:
            _answers[key] = _send(key)
    answer = _answers[key]
    if "refuse" in answer:
        raise ConnectionRefusedError(f"strop: {answer['refuse']}")
    return answer


def _send(line: str) -> dict[str, Any]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(_SECONDS)
        connection.connect(_address)
        connection.sendall(line.encode() + b"\n")
        with connection.makefile("rb") as stream:
            answer = stream.readline()
    if not answer:
        raise ConnectionRefusedError("strop: no answer about the database")
    decoded: dict[str, Any] = json.loads(answer)
    return decoded
