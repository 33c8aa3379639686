"""Runs the probe as strop does: another process, a command pipe and a socket that answers about databases."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

PROBE = Path(__file__).parents[2] / "src" / "strop" / "probe"
CLOCK = 1_700_000_000.0  # 2023-11-14 22:13:20 UTC


class Oracle:
    """Answers questions on the ask socket and remembers them."""

    def __init__(self, answer: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        self._answer = answer
        self._folder = tempfile.TemporaryDirectory(prefix="ask")
        self.path = f"{self._folder.name}/s"
        self.questions: list[dict[str, Any]] = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.bind(self.path)
        self._socket.listen()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            connection, _ = self._socket.accept()
            with connection, connection.makefile("rwb") as stream:
                line = stream.readline()
                if line == b"end\n":
                    return
                question = json.loads(line)
                self.questions.append(question)
                stream.write(json.dumps(self._answer(question)).encode() + b"\n")

    def close(self) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as end:
            end.connect(self.path)
            end.sendall(b"end\n")
        self._thread.join()
        self._socket.close()
        self._folder.cleanup()


def write_files(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _start(
    config: dict[str, Any], folder: Path, fds: tuple[int, ...] = (), python: str = sys.executable
) -> subprocess.Popen[str]:
    path = folder / "config.json"
    path.write_text(json.dumps(config))
    environ = {"PATH": os.environ["PATH"], "PYTHONHASHSEED": "0", "HOME": str(folder)}
    return subprocess.Popen(
        [python, str(PROBE / "__main__.py"), str(path)],
        cwd=config["root"],
        env=environ,
        pass_fds=fds,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def make_config(root: Path, **more: Any) -> dict[str, Any]:
    return {"root": str(root), "app": "app:app", "sources": ["."], "clock": CLOCK, "seed": "s", **more}


def run_probe(root: Path, folder: Path, mode: str, **more: Any) -> tuple[str, str]:
    """Run `inspect` or `suite` to its end: what it wrote, and what the application printed."""
    out = folder / "out"
    process = _start(make_config(root, mode=mode, out=str(out), **more), folder)
    printed, _ = process.communicate(timeout=60)
    assert out.exists(), printed
    return out.read_text(), printed


class Serving:
    """A probe in mode `serve` or `http`."""

    def __init__(self, root: Path, folder: Path, mode: str = "serve", **more: Any) -> None:
        to_read, self._commands = os.pipe()
        answers, to_write = os.pipe()
        config = make_config(root, mode=mode, input=to_read, output=to_write, **more)
        self.process = _start(config, folder, (to_read, to_write))
        os.close(to_read)
        os.close(to_write)
        self._answers = os.fdopen(answers, "rb")
        self.open = True

    def tell(self, command: dict[str, Any]) -> dict[str, Any]:
        os.write(self._commands, json.dumps(command).encode() + b"\n")
        return self.read()

    def read(self) -> dict[str, Any]:
        line = self._answers.readline()
        if not line:
            raise AssertionError(f"the probe ended: {self.process.communicate(timeout=10)[0]}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def start(self) -> dict[str, Any]:
        answer = self.tell({"do": "start"})
        assert "ready" in answer, answer
        ready: dict[str, Any] = answer["ready"]
        return ready

    def get(self, path: str, ordinal: int = 0, method: str = "GET", **more: Any) -> dict[str, Any]:
        answer = self.tell(request(path, ordinal, method, **more))
        assert "outcome" in answer, answer
        outcome: dict[str, Any] = answer["outcome"]
        return outcome

    def close(self) -> str:
        self.open = False
        os.close(self._commands)
        self._answers.close()
        printed, _ = self.process.communicate(timeout=30)
        return printed


def request(
    path: str, ordinal: int = 0, method: str = "GET", body: bytes = b"", **more: Any
) -> dict[str, Any]:
    return {
        "do": "request",
        "cell": f"c{ordinal}",
        "ordinal": ordinal,
        "method": method,
        "path": path,
        "headers": [["host", "test"]],
        "body": base64.b64encode(body).decode(),
        **more,
    }


def body_of(outcome: dict[str, Any]) -> Any:
    return json.loads(base64.b64decode(outcome["answer"]["body"]))
