"""The wrapper that only looks: what is in the file, who may read it, and what the application notices of it."""

from __future__ import annotations

import asyncio
import json
import stat
import threading
from pathlib import Path
from typing import Any

import pytest
from fastapi import APIRouter, FastAPI, Request, Response, WebSocket
from starlette.middleware.gzip import GZipMiddleware

from strop.measure.conversations import said
from strop.measure.har import read_har
from strop.probe import conversation, drive
from strop.record import Recorder
from strop.record.archive import Archive, Foreign
from tests.record.client import Client

inner = FastAPI()
router = APIRouter(prefix="/items")
app = FastAPI()
app.add_middleware(GZipMiddleware, minimum_size=10)


@router.post("/{item_id}", status_code=201)
async def make(item_id: int, request: Request, response: Response) -> dict[str, object]:
    response.set_cookie("session", "s-1")
    return {"id": item_id, "got": await request.json()}


@app.get("/wrong")
def wrong() -> int:
    return 1 // 0


@app.get("/raw")
def raw() -> Response:
    return Response(b"\xff\x00" * 20, media_type="image/png")


@app.websocket("/talk/{room}")
async def talk(socket: WebSocket, room: str) -> None:
    await socket.accept()
    await socket.send_text((await socket.receive_text()).upper())


app.include_router(router)
inner.include_router(router)
app.mount("/v1", inner)


def entries(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(path.read_text())["log"]["entries"]
    return found


def test_a_request_is_written_as_a_client_sent_it_and_the_answer_as_it_reads(tmp_path: Path) -> None:
    path = tmp_path / ".strop" / "recordings" / "a.har"
    client = Client(Recorder(app, path))
    answered = client.post("/items/7?q=a%20b", json={"name": "größe"}, headers={"authorization": "Bearer t"})
    assert answered.status_code == 201
    assert client.post("/v1/items/8", json=[]).json() == {"id": 8, "got": []}
    assert client.get("/wrong").status_code == 500
    assert client.get("/raw").content == b"\xff\x00" * 20
    first, second, third, fourth = entries(path)
    assert [e["_route"] for e in (first, second, third)] == [
        "POST /items/{item_id}",
        "POST /v1/items/{item_id}",
        "GET /wrong",
    ]
    assert "text" not in fourth["response"]["content"]
    recording = read_har(path)
    cell, answer = recording.cells[0], recording.answers[0]
    assert (cell.request.path, json.loads(cell.request.body)) == ("/items/7?q=a%20b", {"name": "größe"})
    assert ("authorization", "Bearer t") in cell.request.headers
    assert (answer.status, json.loads(answer.body)) == (201, {"id": 7, "got": {"name": "größe"}})
    assert any(name == "set-cookie" and value.startswith("session=s-1") for name, value in answer.headers)


def test_a_conversation(tmp_path: Path) -> None:
    path = tmp_path / "a.har"
    request = drive.Request("", 0, "WEBSOCKET", "/talk/a", [("host", "h")], said(("hello",)), None)
    answered = asyncio.run(conversation.converse(Recorder(app, path), request, {}))
    assert bytes(answered.body) == b'[{"text": "HELLO"}]'
    assert entries(path)[0]["_route"] == "WEBSOCKET /talk/{room}"
    (cell,) = read_har(path).cells
    assert (cell.request.method, cell.request.path, cell.request.body) == (
        "WEBSOCKET",
        "/talk/a",
        said(("hello",)),
    )


def test_nobody_else_reads_it_and_git_never_sees_it(tmp_path: Path) -> None:
    path = tmp_path / ".strop" / "recordings" / "a.har"
    Client(Recorder(app, path)).get("/raw")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (tmp_path / ".strop" / ".gitignore").read_text() == "*\n"


def test_a_recording_is_continued_and_a_strangers_file_is_not(tmp_path: Path) -> None:
    path = tmp_path / "a.har"
    for _ in range(2):
        Client(Recorder(app, path)).get("/raw")
    assert len(entries(path)) == 2
    mine = tmp_path / "mine.har"
    mine.write_text('{"log": {"entries": []}}')
    with pytest.raises(Foreign):
        Recorder(app, mine)
    assert mine.read_text() == '{"log": {"entries": []}}'


def test_writers_that_know_nothing_of_each_other(tmp_path: Path) -> None:
    path = tmp_path / "a.har"

    def write(name: str) -> None:
        archive = Archive(path)  # as each worker of a server has its own
        for number in range(50):
            archive.add({"name": name, "number": number, "filler": "x" * number * 40})

    writers = [threading.Thread(target=write, args=(name,)) for name in "abcd"]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sorted((e["name"], e["number"]) for e in entries(path)) == [
        (n, i) for n in "abcd" for i in range(50)
    ]


def test_a_disk_that_refuses_is_said_once_and_the_application_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.har"
    client = Client(Recorder(app, path))
    path.unlink()
    path.mkdir()
    assert [client.get("/raw").status_code for _ in range(3)] == [200] * 3
    assert capsys.readouterr().err.count("requests are not recorded") == 1
