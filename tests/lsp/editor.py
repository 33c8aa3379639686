"""An editor as the language server sees one: another process that writes and reads JSON-RPC on pipes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Json = dict[str, Any]


class Editor:
    """A session with one server."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._number = 0
        self.waiting: list[Json] = []

    def ask(self, method: str, params: Json | None) -> Any:
        """Send a request and wait for its answer; notifications that come before it are kept."""
        self._number += 1
        self._send({"id": self._number, "method": method, "params": params})
        while True:
            message = self._receive()
            if message.get("id") == self._number and "method" not in message:
                assert "error" not in message, message
                return message["result"]
            self.waiting.append(message)

    def tell(self, method: str, params: Json) -> None:
        """Send a notification."""
        self._send({"method": method, "params": params})

    def notified(self, method: str) -> Json:
        """The next notification of that method."""
        while True:
            for place, message in enumerate(self.waiting):
                if message.get("method") == method:
                    params: Json = self.waiting.pop(place)["params"]
                    return params
            self.waiting.append(self._receive())

    def open(self, path: Path) -> None:
        """Open a file."""
        text = path.read_bytes().decode()
        document = {"uri": path.as_uri(), "languageId": "python", "version": 1, "text": text}
        self.tell("textDocument/didOpen", {"textDocument": document})

    def save(self, path: Path, text: str) -> None:
        """Change a file and save it."""
        path.write_bytes(text.encode())
        document = {"uri": path.as_uri(), "version": 2}
        self.tell("textDocument/didChange", {"textDocument": document, "contentChanges": [{"text": text}]})
        self.tell("textDocument/didSave", {"textDocument": {"uri": path.as_uri()}})

    def actions(self, path: Path, diagnostic: Json) -> list[Json]:
        """What can be done about a mark."""
        params = {"textDocument": {"uri": path.as_uri()}, "range": diagnostic["range"]}
        found: list[Json] = self.ask(
            "textDocument/codeAction", params | {"context": {"diagnostics": [diagnostic]}}
        )
        return found

    def _send(self, message: Json) -> None:
        data = json.dumps({"jsonrpc": "2.0", **message}).encode()
        assert self._process.stdin is not None
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
        self._process.stdin.flush()

    def _receive(self) -> Json:
        out = self._process.stdout
        assert out is not None
        length = 0
        while line := out.readline().strip():
            name, _, value = line.partition(b":")
            length = int(value) if name.lower() == b"content-length" else length
        assert length, "the server ended"
        message: Json = json.loads(out.read(length))
        return message


@contextmanager
def editing(root: Path) -> Iterator[Editor]:
    """A session that begins and ends as the protocol has it."""
    command = [sys.executable, "-m", "strop", "lsp"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=root
    ) as process:
        try:
            editor = Editor(process)
            told = editor.ask("initialize", {"processId": None, "rootUri": root.as_uri(), "capabilities": {}})
            assert told["capabilities"]["codeActionProvider"]["codeActionKinds"] == ["quickfix"]
            editor.tell("initialized", {})
            yield editor
            editor.ask("shutdown", None)
            editor.tell("exit", {})
            assert process.wait(timeout=20) == 0
        finally:
            process.kill()
