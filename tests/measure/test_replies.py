"""Answers of other services: from a HAR file, a TOML file, and the settings."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from strop.measure.replies import find_replies
from strop.problem import Problem
from strop.target import Reply

TABLE = """
[[{0}outbound]]
url = "https://rates.example/v1/*"
json = {{ rate = 1.5 }}

[[{0}outbound]]
method = "post"
url = "https://bank.example/pay"
status = 402
headers = {{ x-id = "7" }}
body = "no money"
sent = "amount=1"
"""
WRITTEN = (
    Reply("GET", "https://rates.example/v1/*", 200, (("content-type", "application/json"),), b'{"rate":1.5}'),
    Reply("POST", "https://bank.example/pay", 402, (("x-id", "7"),), b"no money", b"amount=1"),
)


def test_tables_of_the_settings_and_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(TABLE.format("tool.strop."))
    (tmp_path / "other.toml").write_text(TABLE.format(""))
    assert find_replies(tmp_path, None) == WRITTEN
    assert find_replies(tmp_path, tmp_path / "other.toml") == (*WRITTEN, *WRITTEN)
    (tmp_path / "pyproject.toml").write_text('[tool.strop]\noutbound_file = "other.toml"\n')
    assert find_replies(tmp_path, None) == WRITTEN


def test_a_har_file(tmp_path: Path) -> None:
    def entry(method: str, status: int, content: dict[str, str], **more: object) -> dict[str, object]:
        request = {"method": method, "url": "https://a.example/x?y=1#z", "headers": [], **more}
        answer = {"status": status, "headers": [{"name": "X-Id", "value": "7"}], "content": content}
        return {"request": request, "response": answer}

    entries = [
        entry("GET", 200, {"text": base64.b64encode(b"\x00\x01").decode(), "encoding": "base64"}),
        entry("POST", 500, {"text": "oh"}, postData={"mimeType": "text/plain", "text": "hello"}),
        entry("GET", 0, {}),  # blocked in the browser: nothing was answered
    ]
    (tmp_path / "calls.har").write_text(json.dumps({"log": {"entries": entries}}))
    assert find_replies(tmp_path, tmp_path / "calls.har") == (
        Reply("GET", "https://a.example/x?y=1", 200, (("x-id", "7"),), b"\x00\x01", b""),
        Reply("POST", "https://a.example/x?y=1", 500, (("x-id", "7"),), b"oh", b"hello"),
    )


@pytest.mark.parametrize(
    ("name", "text", "why"),
    [
        ("none.har", None, "No such file"),
        ("a.har", "{}", "log"),
        ("a.toml", "[[outbound]]", "url"),
        ("b.toml", "[[outbound", "Expected"),
    ],
)
def test_a_file_that_holds_something_else_is_named(
    tmp_path: Path, name: str, text: str | None, why: str
) -> None:
    if text is not None:
        (tmp_path / name).write_text(text)
    with pytest.raises(Problem) as caught:
        find_replies(tmp_path, tmp_path / name)
    assert caught.value.code == "T122"
    assert caught.value.status == 2
    assert name in caught.value.message
    assert why in caught.value.message


def test_a_wrong_key_is_named(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[[tool.strop.outbound]]\nurl = "https://a"\nstatuss = 3\n')
    with pytest.raises(Problem, match=r"outbound\.statuss"):
        find_replies(tmp_path, None)
