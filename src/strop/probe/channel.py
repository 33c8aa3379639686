"""How strop's commands arrive and answers leave: JSON lines over two file descriptors."""

from __future__ import annotations

import json
import os
import threading
from typing import Any


class Channel:
    """The command pipe. Sending is safe from any thread."""

    def __init__(self, source: int, sink: int) -> None:
        for each in (source, sink):
            os.set_inheritable(each, False)  # a child of the application must not hold the pipe open
        self._reader = os.fdopen(source, "rb", closefd=False)
        self._sink = sink
        self._gone = False
        self._lock = threading.Lock()
        os.register_at_fork(after_in_child=self._leave)

    def _leave(self) -> None:
        """A copy of this process that the application made must not answer in its place, nor take commands."""
        self._gone = True
        self._lock = threading.Lock()

    def receive(self) -> dict[str, Any] | None:
        """The next command, None when strop has closed the pipe."""
        line = b"" if self._gone else self._reader.readline()
        if not line:
            return None
        command: dict[str, Any] = json.loads(line)
        return command

    def send(self, answer: dict[str, Any]) -> None:
        """Send one answer; a strop that is gone is not an error."""
        if self._gone:
            return
        data = json.dumps(answer, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n"
        with self._lock:
            try:
                while data:
                    data = data[os.write(self._sink, data) :]
            except BrokenPipeError:
                return
