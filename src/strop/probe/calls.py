"""What has the request that is being served called out: requests to other services, mail, tasks; in order."""

from __future__ import annotations

import base64
import hashlib
import threading
from contextvars import ContextVar
from typing import Any

LONGEST = 4000  # characters of a body that are kept; of a longer one its hash tells as much

_current: ContextVar[list[dict[str, Any]] | None] = ContextVar("strop_calls", default=None)
_latest: list[dict[str, Any]] | None = None


def begin() -> list[dict[str, Any]]:
    """The list into which calls are written from now on, in this context and what it starts."""
    global _latest
    made: list[dict[str, Any]] = []
    _latest = made
    _current.set(made)
    return made


def note(kind: str, name: str, text: str, answered: bool) -> None:
    """Add a call: "http", "mail" or "task"; to whom or what; what was sent; whether it was answered.

    Threads of an executor don't inherit the context and are the request's all the same; a daemon or a task from
    the start-up (telemetry, a poller) calls for itself.
    """
    calls = _current.get()
    if calls is None:
        thread = threading.current_thread()
        if thread is threading.main_thread() or thread.daemon:
            return
        calls = _latest
    if calls is not None:
        calls.append({"kind": kind, "name": name, "text": text, "answered": answered})


def text_of(body: bytes) -> str:
    """A body as text that can be compared: base64 where it is no text, a hash where it is long."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        text = base64.b64encode(body).decode()
    if len(text) <= LONGEST:
        return text
    return f"{len(body)} bytes, SHA-256 {hashlib.sha256(body).hexdigest()}"
