"""Which file does a SQLite connection open: the answer to a question, never the user's own."""

from __future__ import annotations

import os
import sqlite3
import sqlite3.dbapi2
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

from . import guard, sqlite_clock, sqlite_ties
from .ask import ask

_connect: Callable[..., sqlite3.Connection] = sqlite3.connect
_FACTORY = 4  # the place of `factory` behind the database
_originals: set[str] = set()  # of which the application has a clone: they are not written
_here = threading.local()  # .inside: this thread's connection was already answered for


def install(redirect: bool, backwards: bool = False) -> None:
    """Replace `sqlite3.connect`; without `redirect` connections only get the world's clock.

    `backwards` lets rows come in reverse wherever a query fixes no order.
    """
    connect: Any = _Connect(redirect, backwards).connect
    sqlite3.connect = connect
    sqlite3.dbapi2.connect = connect
    if redirect:
        sys.addaudithook(_refuse_others)


class _Connect:
    """What replaces `sqlite3.connect`: a bound method, which does not bind again as attribute of a class."""

    def __init__(self, redirect: bool, backwards: bool) -> None:
        self._redirect = redirect
        self._backwards = backwards

    def connect(self, database: Any, *args: Any, **kwargs: Any) -> sqlite3.Connection:
        uri = bool(kwargs.get("uri", args[6] if len(args) > 6 else False))
        answered = answer_for(database, uri) if self._redirect else database
        if self._backwards and len(args) <= _FACTORY:
            kwargs["factory"] = sqlite_ties.connection_class(kwargs.get("factory") or sqlite3.Connection)
        _here.inside = True
        try:
            connection = _connect(answered, *args, **kwargs)
        finally:
            _here.inside = False
        sqlite_clock.prepare(connection)
        if self._backwards:
            # past what the application's own class makes of `execute`
            sqlite3.Connection.execute(connection, "pragma reverse_unordered_selects = on").close()
        return connection


def answer_for(database: Any, uri: bool) -> Any:
    """What to open instead of `database`; memory and temporary databases stay what they are."""
    text = os.fsdecode(database)
    if text in ("", ":memory:"):
        return database
    if not (uri and text.startswith("file:")):
        return _clone_of(_absolute(text))
    location, _, query = text.partition("?")
    path = unquote(location.removeprefix("file:"))
    if path.startswith("//"):  # file://host/path: only an empty host and localhost exist
        path = "/" + path[2:].partition("/")[2]
    if path in ("", ":memory:") or "mode=memory" in query.split("&") or "vfs=memdb" in query.split("&"):
        return database
    answer = _clone_of(_absolute(path))
    return f"file:{quote(answer)}" + (f"?{query}" if query else "")


def _clone_of(path: str) -> str:
    answer: str = ask({"ask": "sqlite", "path": path})["path"]
    if answer != path and path not in _originals:
        _originals.add(path)
        guard.protect(path)
    return answer


def _absolute(path: str) -> str:
    return str(Path(path).absolute())


def _refuse_others(event: str, args: tuple[Any, ...]) -> None:
    """Refuse a file that was opened around `sqlite3.connect`, by `sqlite3.Connection(...)` itself."""
    if event != "sqlite3.connect" or getattr(_here, "inside", False):
        return
    text = os.fsdecode(args[0])
    if text not in ("", ":memory:") and not text.startswith("file::memory:"):
        raise ConnectionRefusedError(
            f"strop: {text} was opened around sqlite3.connect, so it can't be cloned"
        )
