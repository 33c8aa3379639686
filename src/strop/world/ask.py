"""The socket on which the probe asks which database to use instead of the one that the application named."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

from strop.world import temporary

LONGEST = 100  # bytes of a socket's path, of the 103 to 107 that systems allow

Question = dict[str, object]
Answer = dict[str, object]


class AskSocket:
    """Answers one question a connection, from any thread or process of the world, until closed."""

    def __init__(self, path: Path, answer: Callable[[Question], Answer]) -> None:
        self._folder: Path | None = None
        if len(os.fsencode(path)) > LONGEST:
            self._folder = temporary.make(temporary.name(temporary.SHORT))
            path = self._folder / "ask"
        self.path = path
        self._answer = answer
        self._closed = False
        self._lock = threading.Lock()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(str(path))
        self._socket.listen(64)
        self._thread = threading.Thread(target=self._serve, name="strop-ask", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop answering; an answer that is being made is waited for, so that nothing is copied afterwards.
        Safe to call twice.
        """
        self._closed = True
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(2)
        with self._lock:
            pass
        self.path.unlink(missing_ok=True)
        if self._folder is not None:
            temporary.remove(self._folder)
            self._folder = None

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._reply, args=(connection,), daemon=True).start()

    def _reply(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rwb") as stream, contextlib.suppress(OSError):
            line = stream.readline()
            if not line:
                return
            with self._lock:  # two threads that open the same database must get the same clone
                reply = {"refuse": "strop ends"} if self._closed else self._reply_to(line)
            stream.write(json.dumps(reply).encode() + b"\n")

    def _reply_to(self, line: bytes) -> Answer:
        try:
            return self._answer(json.loads(line))
        except Exception as error:  # an unanswered application would hang
            return {"refuse": f"strop could not prepare the database: {type(error).__name__}: {error}"}
