"""HAR files as browsers and proxies write them, and files that are none."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from strop.cell import Request
from strop.measure.generate import STEPS
from strop.measure.har import read_har
from strop.problem import Problem

PNG = b"\x89PNG\r\n\x1a\n\x00\xff"


def entry(
    method: str = "GET", url: str = "http://localhost:8000/items?q=1", **request: Any
) -> dict[str, Any]:
    """An entry as a browser exports it: with much that a replay does not need."""
    headers = [
        {"name": ":authority", "value": "localhost:8000"},
        {"name": "Host", "value": "localhost:8000"},
        {"name": "Accept-Encoding", "value": "gzip, br"},
        {"name": "Connection", "value": "keep-alive"},
        {"name": "Content-Length", "value": "999"},
        {"name": "Cookie", "value": "session=abc"},
        {"name": "Cookie", "value": "theme=dark"},
    ]
    return {
        "startedDateTime": "2026-11-21T09:00:00.000Z",
        "time": 12.5,
        "request": {
            "method": method, "url": url, "httpVersion": "http/2.0", "headers": headers, "cookies": [],
            "queryString": [{"name": "q", "value": "1"}], "headersSize": -1, "bodySize": 0, **request,
        },
        "response": {"status": 200, "headers": [], "content": {"size": 2, "mimeType": "application/json"}},
        "cache": {}, "timings": {"send": 0, "wait": 10, "receive": 1}, "_resourceType": "fetch",
    }  # fmt: skip


def har(folder: Path, *entries: Any) -> Path:
    path = folder / "a.har"
    path.write_text(json.dumps({"log": {"version": "1.2", "creator": {"name": "x"}, "entries": entries}}))
    return path


def requests(folder: Path, *entries: Any) -> list[Request]:
    return [cell.request for cell in read_har(har(folder, *entries)).cells]


def test_a_browsers_request_without_what_belongs_to_its_connection(tmp_path: Path) -> None:
    (found,) = requests(tmp_path, entry())
    assert found.path == "/items?q=1"
    assert found.headers == (
        ("host", "localhost:8000"), ("cookie", "session=abc"), ("cookie", "theme=dark")
    )  # fmt: skip
    assert found.body == b""


def test_bodies(tmp_path: Path) -> None:
    text, binary, params, empty = requests(
        tmp_path,
        entry("post", postData={"mimeType": "application/json", "text": '{"name": "größe"}'}),
        entry(
            "PUT",
            postData={"mimeType": "image/png", "encoding": "base64", "text": base64.b64encode(PNG).decode()},
        ),
        entry(
            "POST",
            postData={
                "mimeType": "application/x-www-form-urlencoded",
                "params": [{"name": "a b", "value": "1&2"}, {"name": "c", "value": ""}],
            },
        ),
        entry("POST", postData=None),
    )
    assert text.method == "POST"
    assert text.body == '{"name": "größe"}'.encode()
    assert dict(text.headers)["content-length"] == str(len(text.body))
    assert binary.body == PNG
    assert params.body == b"a+b=1%262&c="
    assert empty.body == b""
    assert "content-length" not in dict(empty.headers)


def test_paths_of_every_kind(tmp_path: Path) -> None:
    urls = [
        "http://h",
        "https://h/?",
        "http://h/a%20b%2Fc?x=%7B1%7D#top",
        "http://h/größe?q=ü",
        "http://h/a;b",
    ]
    paths = [request.path for request in requests(tmp_path, *(entry(url=url) for url in urls))]
    assert paths == ["/", "/", "/a%20b%2Fc?x=%7B1%7D", "/gr%C3%B6%C3%9Fe?q=%C3%BC", "/a;b"]


def test_a_header_in_any_script_travels(tmp_path: Path) -> None:
    (found,) = requests(
        tmp_path, entry(headers=[{"name": "X-Name", "value": "名"}, {"name": "X-City", "value": "Köln"}])
    )
    assert [v.encode("latin-1") for _, v in found.headers] == ["名".encode(), "Köln".encode("latin-1")]


def test_order_clock_and_source(tmp_path: Path) -> None:
    cells = read_har(har(tmp_path, *(entry(url=f"http://h/{n}") for n in range(STEPS + 2)))).cells
    assert [cell.request.path for cell in cells] == [f"/{n}" for n in range(STEPS + 2)]
    assert (cells[0].id, cells[0].source, cells[-1].ordinal) == ("h0000", "har", 1)
    assert len({cell.id for cell in cells}) == len(cells)


def static(url: str) -> dict[str, Any]:
    """An entry of a file that the page loads."""
    return {**entry(url=url), "response": {"status": 200, "content": {"mimeType": "text/javascript"}}}


def test_requests_to_other_servers_are_left_out_and_named(tmp_path: Path) -> None:
    """A page is loaded from one server, its fonts from another, and asks the API on a third."""
    found = read_har(
        har(
            tmp_path,
            *(static(f"http://localhost:5173/{n}.js") for n in range(9)),
            entry(url="http://localhost:8000/items"),
            static("https://fonts.example.com/a.woff2"),
            entry(url="https://statistics.example.com/collect", method="POST"),
            entry(url="http://localhost:8000/items/1"),
            entry(url="data:image/png;base64,AAAA"),
            entry(url="ws://localhost:8000/socket"),
        )
    )
    assert [cell.request.path for cell in found.cells] == ["/items", "/items/1", "/socket"]
    assert found.others == ("fonts.example.com", "localhost:5173", "statistics.example.com")


def test_without_answers_the_server_that_was_asked_most_counts(tmp_path: Path) -> None:
    sent = [{"request": entry(url=url)["request"]} for url in ("http://a/1", "http://b/2", "http://b/3")]
    assert [request.path for request in requests(tmp_path, *sent)] == ["/2", "/3"]


@pytest.mark.parametrize(
    "text",
    [
        "", "[]", "{}", "null", "no JSON", '{"log": []}', '{"log": {"entries": 3}}', '{"log": {"entries": [3]}}',
        '{"log": {"entries": [{}]}}', '{"log": {"entries": [{"request": {}}]}}', '{"log": {"entries": [{"request": null}]}}',
        '{"log": {"entries": [{"request": {"method": "GET", "url": 3}}]}}',
        '{"log": {"entries": [{"request": {"method": null, "url": "http://h/"}}]}}',
        '{"log": {"entries": [{"request": {"method": "GET", "url": "http://[/"}}]}}',
        '{"log": {"entries": [{"request": {"method": "GET", "url": "http://h/", "headers": [3]}}]}}',
        '{"log": {"entries": [{"request": {"method": "GET", "url": "http://h/", "headers": [{"name": "a", "value": 3}]}}]}}',
        '{"log": {"entries": [{"request": {"method": "GET", "url": "http://h/", "postData": 3}}]}}',
        '{"log": {"entries": [{"request": {"method": "GET", "url": "http://h/", "postData": {"encoding": "base64", "text": "a"}}}]}}',
    ],
)  # fmt: skip
def test_what_is_no_har_file(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.har").write_text(text)
    with pytest.raises(Problem) as caught:
        read_har(tmp_path / "a.har")
    assert (caught.value.code, caught.value.status) == ("M401", 2)


def test_bytes_that_are_no_text_a_folder_and_no_file(tmp_path: Path) -> None:
    (tmp_path / "bytes.har").write_bytes(b"\xff\xfe\x00")
    for path in (tmp_path / "bytes.har", tmp_path, tmp_path / "nowhere.har"):
        with pytest.raises(Problem, match=r"can't be read|is not a HAR file"):
            read_har(path)


def test_a_byte_order_mark_is_no_fault(tmp_path: Path) -> None:
    path = har(tmp_path, entry())
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert len(read_har(path).cells) == 1


def test_a_file_without_requests(tmp_path: Path) -> None:
    with pytest.raises(Problem) as caught:
        read_har(har(tmp_path))
    assert caught.value.code == "M402"


def test_a_conversation_is_what_the_client_said(tmp_path: Path) -> None:
    messages = [
        {"type": "receive", "time": 1.5, "opcode": 1, "data": "welcome"},
        {"type": "send", "time": 2.5, "opcode": 1, "data": "größe"},
        {"type": "send", "time": 3.5, "opcode": 2, "data": "AAE="},
    ]
    talk = {**entry(url="ws://localhost:8000/socket?room=1"), "_webSocketMessages": messages}
    (found,) = requests(tmp_path, talk)
    assert (found.method, found.path) == ("WEBSOCKET", "/socket?room=1")
    assert json.loads(found.body) == [{"text": "größe"}, {"bytes": "AAE="}]
