"""What does the application answer over a WebSocket: connects, says what a client said, and goes.

The next message is sent when the application waits for it, or has said nothing for a while.
"""

from __future__ import annotations

import asyncio
import base64
import json
from typing import Any

from .drive import Answer, Request, Stuck, make_scope, settle, type_name

METHOD = "WEBSOCKET"
_QUIET = 0.05  # seconds without a word after which the application has said what it had to say
_PATIENCE = 2.0  # seconds that it may think, where it does not wait for us
_END = 1.0  # seconds that it gets when the client is gone
_MOST = 200  # messages of the application that are kept


class Conversation:
    """One connection, with the two callables of ASGI."""

    def __init__(self) -> None:
        self.answer = Answer()
        self.said: list[dict[str, Any]] = []
        self._incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._waits = asyncio.Event()  # the application wants to hear something
        self._spoke = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        """What the client does next."""
        if self._incoming.empty():
            self._waits.set()
        message = await self._incoming.get()
        self._waits.clear()
        return message

    async def send(self, message: dict[str, Any]) -> None:
        """What the application says."""
        kind = message["type"]
        if kind == "websocket.accept":
            self.answer.status = 101
            self.answer.headers = [
                (bytes(name).decode("latin-1"), bytes(value).decode("latin-1"))
                for name, value in message.get("headers") or ()
            ]
            if message.get("subprotocol"):
                self.answer.headers.append(("sec-websocket-protocol", message["subprotocol"]))
        elif kind == "websocket.close":
            self.answer.status = self.answer.status or 403
            self.said.append({"close": message.get("code", 1000), "reason": message.get("reason") or ""})
        elif kind == "websocket.send" and len(self.said) < _MOST:
            data = message.get("bytes")
            self.said.append(
                {"text": message.get("text") or ""}
                if data is None
                else {"bytes": base64.b64encode(data).decode()}
            )
        self._spoke.set()

    async def say(self, message: dict[str, Any], app: asyncio.Task[None]) -> None:
        """Send one message and listen until the application wants the next one."""
        self._waits.clear()
        self._incoming.put_nowait(message)
        waits = asyncio.ensure_future(self._waits.wait())
        loop = asyncio.get_running_loop()
        until = loop.time() + _PATIENCE
        while not waits.done() and not app.done() and loop.time() < until:
            self._spoke.clear()
            spoke = asyncio.ensure_future(self._spoke.wait())
            await asyncio.wait(
                {waits, app, spoke}, timeout=until - loop.time(), return_when=asyncio.FIRST_COMPLETED
            )
            if spoke.done():
                until = loop.time() + _PATIENCE
            spoke.cancel()
        waits.cancel()
        self._spoke.clear()
        while not app.done() and await self._speaks():
            self._spoke.clear()

    async def _speaks(self) -> bool:
        try:
            async with asyncio.timeout(_QUIET):
                await self._spoke.wait()
        except TimeoutError:
            return False
        return len(self.said) < _MOST


async def converse(app: Any, request: Request, state: dict[str, Any]) -> Answer:
    """Hold one conversation; `request.body` is a JSON list of what the client says. Raises Stuck."""
    before = asyncio.all_tasks()
    talk = Conversation()
    scope = make_scope(request, state) | {"type": "websocket", "scheme": "ws", "subprotocols": []}
    scope.pop("method")
    task = asyncio.ensure_future(_run(app, scope, talk))
    for message in ({"type": "websocket.connect"}, *_messages(request.body)):
        if not task.done():
            await talk.say(message, task)
    if not task.done():
        talk._incoming.put_nowait({"type": "websocket.disconnect", "code": 1000, "reason": ""})
        await asyncio.wait({task}, timeout=_END)
    if not task.done():
        task.cancel()
        if not (await asyncio.wait({task}, timeout=_END))[0]:
            raise Stuck(request.cell)
    await settle(asyncio.all_tasks() - before - {task}, talk.answer)
    talk.answer.body += json.dumps(talk.said, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return talk.answer


def _messages(body: bytes) -> list[dict[str, Any]]:
    said = json.loads(body) if body else []
    return [
        {"type": "websocket.receive", "text": None, "bytes": base64.b64decode(each["bytes"])}
        if "bytes" in each
        else {"type": "websocket.receive", "text": each["text"], "bytes": None}
        for each in said
    ]


async def _run(app: Any, scope: dict[str, Any], talk: Conversation) -> None:
    try:
        await app(scope, talk.receive, talk.send)
    except asyncio.CancelledError:
        raise
    except BaseException as error:
        talk.answer.exception = type_name(error)
