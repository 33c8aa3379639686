"""The GitLab job of docs/ci.md, run by bash against a server that keeps notes as GitLab's API does. There is no GitLab here."""

from __future__ import annotations

import json
import os
import re
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import yaml

PAGE = Path(__file__).parents[2] / "docs/ci.md"
NOTES = "/projects/5/merge_requests/7/notes"


class Notes(BaseHTTPRequestHandler):
    """Notes of one merge request."""

    kept: list[dict[str, Any]]

    def do_GET(self) -> None:
        assert self.path == f"{NOTES}?per_page=100&sort=asc"
        self._answer(200, self.kept)

    def do_POST(self) -> None:
        assert self.path == NOTES
        self.kept.append({"id": 40 + len(self.kept), "body": self._body()})
        self._answer(201, self.kept[-1])

    def do_PUT(self) -> None:
        (note,) = (n for n in self.kept if self.path == f"{NOTES}/{n['id']}")
        note["body"] = self._body()
        self._answer(200, note)

    def _body(self) -> str:
        assert self.headers["PRIVATE-TOKEN"] == "secret"
        return parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())["body"][0]

    def _answer(self, status: int, value: object) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    kept: list[dict[str, Any]] = [{"id": 40, "body": "nice"}]
    handler = type("OwnNotes", (Notes,), {"kept": kept})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{made.server_address[1]}", kept
        made.shutdown()
        thread.join()


def job() -> dict[str, Any]:
    (text,) = re.findall(r"## GitLab\n\n```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    found: dict[str, Any] = yaml.safe_load(text)["prove"]
    return found


def run(folder: Path, url: str, token: str, status: int, said: str) -> int:
    """The job from the proof on, with a strop that says `said`; what comes before installs packages."""
    lines = job()["script"]
    first = next(number for number, line in enumerate(lines) if line.startswith("status="))
    strop = folder / "strop"
    strop.write_text(f'#!/bin/sh\necho "$@" > told\ncat said\nexit {status}\n')
    strop.chmod(0o755)
    (folder / "said").write_text(said)
    script = "\n".join(lines[first:]).replace("/tmp/strop/bin/strop", str(strop))
    given = {
        **os.environ,
        "CI_API_V4_URL": url,
        "CI_PROJECT_ID": "5",
        "CI_MERGE_REQUEST_IID": "7",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": "aaaa",
        "CI_COMMIT_SHA": "bbbb",
        "STROP_TOKEN": token,
        "no_proxy": "127.0.0.1",
    }
    command = ["bash", "-eo", "pipefail", "-c", script]
    return subprocess.run(command, cwd=folder, env=given, check=False).returncode


def test_one_note_is_written_and_then_changed(
    tmp_path: Path, server: tuple[str, list[dict[str, Any]]]
) -> None:
    url, kept = server
    assert run(tmp_path, url, "secret", 1, "### ❌ DIFFERENT\n\n100 % & more\n") == 1
    assert (tmp_path / "told").read_text() == "prove aaaa..bbbb --format markdown\n"
    assert [note["body"] for note in kept] == [
        "nice",
        "<!-- strop prove -->\n### ❌ DIFFERENT\n\n100 % & more\n",
    ]
    assert run(tmp_path, url, "secret", 0, "### ✅ IDENTICAL\n") == 0
    assert [note["body"] for note in kept] == ["nice", "<!-- strop prove -->\n### ✅ IDENTICAL\n"]


def test_without_a_token_the_verdict_is_the_status(
    tmp_path: Path, server: tuple[str, list[dict[str, Any]]]
) -> None:
    url, kept = server
    assert run(tmp_path, url, "", 4, "### ⚠️ INSUFFICIENT\n") == 4
    assert len(kept) == 1
    assert job()["artifacts"]["paths"] == ["strop.md"]
