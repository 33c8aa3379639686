"""What a request does beside its answer: files, tasks that go on, endless streams, conversations."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from strop.cell import Cell, Request
from strop.evidence import Outcome
from strop.measure.conversations import said
from strop.measure.generate import generate
from strop.measure.serve import Served
from strop.proof.compare import compare
from strop.world.instance import open_world
from tests import ledger

APP = """\
import asyncio
import os
from pathlib import Path

from fastapi import BackgroundTasks, FastAPI, WebSocket, WebSocketDisconnect
from fastapi.responses import StreamingResponse

app = FastAPI()
HERE = Path(__file__).parent


@app.get("/events")
async def events():
    async def each():
        number = 0
        while True:
            number += 1
            yield f"data: {number}\\n\\n"
            await asyncio.sleep(0.02)

    return StreamingResponse(each(), media_type="text/event-stream")


@app.post("/export")
def export():
    (HERE / "out").mkdir(exist_ok=True)
    (HERE / "out" / "last.txt").write_text("exported")


@app.post("/moved")
def moved():
    (HERE / "part").write_text("moved")
    os.replace(HERE / "part", HERE / "whole")


@app.post("/later")
def later(tasks: BackgroundTasks):
    tasks.add_task((HERE / "later.txt").write_text, "later")


@app.post("/spawned")
async def spawned():
    async def work():
        await asyncio.sleep(0.3)
        (HERE / "spawned.txt").write_text("spawned")

    asyncio.create_task(work())


@app.post("/forever")
async def forever():
    async def beat():
        await asyncio.sleep(3600)

    asyncio.create_task(beat())


@app.websocket("/echo/{room}")
async def echo(socket: WebSocket, room: str):
    await socket.accept(subprotocol="a")
    await socket.send_json({"room": room})
    try:
        while True:
            text = await socket.receive_text()
            await asyncio.sleep(0.1)
            await socket.send_text(text.upper())
            await socket.send_bytes(b"said")
    except WebSocketDisconnect:
        (HERE / "gone.txt").write_text(room)


@app.websocket("/closed")
async def closed(socket: WebSocket):
    await socket.close(code=4401, reason="log in")
"""

CELLS = {
    name: Cell(name, number, Request(method, path, (("host", "h"),), body), f"{method} {path}")
    for number, (name, method, path, body) in enumerate(
        (
            ("events", "GET", "/events", b""),
            ("export", "POST", "/export", b""),
            ("moved", "POST", "/moved", b""),
            ("later", "POST", "/later", b""),
            ("spawned", "POST", "/spawned", b""),
            ("forever", "POST", "/forever", b""),
            ("echo", "WEBSOCKET", "/echo/x", said(("hi", "you"))),
            ("closed", "WEBSOCKET", "/closed", b""),
        )
    )
}
CHANGES = {
    "events": ("data: {number}", "data: {number}!"),
    "export": ('"exported"', '"expected"'),
    "moved": ('write_text("moved")', 'write_text("lost")'),
    "later": ('"later")', '"latest")'),
    "spawned": ('"spawned")', '"never")'),
    "echo": ("text.upper()", "text.lower()"),
    "closed": ("code=4401", "code=4403"),
}

Sides = tuple[Served, dict[str, Outcome], dict[str, Outcome], dict[str, Outcome]]


@pytest.fixture(scope="module")
def sides(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sides]:
    """The cells on the base, on the base again in another order, and where everything was changed."""
    home = ledger.make(tmp_path_factory.mktemp("beyond") / "home", {"main.py": APP}, database=False)
    target = replace(ledger.target(home), app="main:app", tests=(), login=None)
    changed = APP
    for before, after in CHANGES.values():
        assert before in changed
        changed = changed.replace(before, after)
    with open_world(target) as world:
        roots = [world.folder.tree() for _ in range(3)]
        Path(roots[2] / "main.py").write_text(changed)
        found, servers = [], []
        for root, cells in zip(roots, (CELLS, dict(reversed(CELLS.items())), CELLS), strict=True):
            served = Served(world.instance(root))
            served.start()
            servers.append(served)
            found.append({name: served.serve(cell) for name, cell in cells.items()})
        yield servers[0], found[0], found[1], found[2]


def test_the_same_code_does_the_same(sides: Sides) -> None:
    _, one, again, _ = sides
    assert {name: compare(one[name], again[name]) for name in CELLS} == dict.fromkeys(CELLS, ())


@pytest.mark.parametrize("name", CHANGES)
def test_every_change_is_told(sides: Sides, name: str) -> None:
    _, one, _, changed = sides
    assert compare(one[name], changed[name])


def test_files_are_named_with_what_is_in_them(sides: Sides) -> None:
    _, one, _, changed = sides
    (told,) = compare(one["export"], changed["export"])
    assert told.path == "file out/last.txt"
    assert told.before.startswith("8 bytes, ")
    assert told.before.endswith(": exported")
    assert [(f.path, f.state[:4]) for f in one["moved"].files] == [("part", "gone"), ("whole", "5 by")]


def test_a_conversation_reads_like_one(sides: Sides) -> None:
    one = sides[1]
    assert one["echo"].answer.status == 101
    assert one["echo"].answer.body == (
        b'[{"text": "{\\"room\\":\\"x\\"}"}, {"text": "HI"}, {"bytes": "c2FpZA=="}, '
        b'{"text": "YOU"}, {"bytes": "c2FpZA=="}]'
    )
    assert [file.path for file in one["echo"].files] == ["gone.txt"]
    assert (one["closed"].answer.status, one["closed"].answer.body) == (
        403,
        b'[{"close": 4401, "reason": "log in"}]',
    )


def test_what_goes_on_is_named(sides: Sides) -> None:
    one = sides[1]
    assert one["events"].left == ("stream",)
    assert one["events"].answer.body.count(b"data:") == 5
    assert one["forever"].left == ("task forever.<locals>.beat",)
    assert one["spawned"].left == ()


def test_conversations_are_generated(sides: Sides) -> None:
    served = sides[0]
    made = generate(served.instance.world.target, served.describe(), served.instance.databases, ())
    talks = [cell for cell in made if cell.request.method == "WEBSOCKET"]
    assert {cell.route for cell in talks} == {"WEBSOCKET /echo/{room}", "WEBSOCKET /closed"}
    assert all("{" not in cell.request.path for cell in talks)
