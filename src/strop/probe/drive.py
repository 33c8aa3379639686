"""What does the application answer to one request: drives the ASGI interface directly, as a server would."""

from __future__ import annotations

import asyncio
import base64
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import unquote

from . import handed
from .patience import wait_for

_SETTLE = 0.05  # seconds that tasks which a request has left behind get
_LINGER = 2.0  # seconds that they get where none of their kind took longer before
_EVENTS = 5  # messages of an answer that may never end
_LISTEN = 3.0  # seconds that we listen to one

_endless: set[str] = set()  # kinds of tasks that go on
_CANCEL = 1.0  # seconds that a cancelled request gets to end


class Stuck(Exception):
    """A request that passed its limit and can't be cancelled."""


@dataclass(slots=True)
class Request:
    """One request as strop sends it."""

    cell: str
    ordinal: int
    method: str
    path: str
    headers: list[tuple[str, str]]
    body: bytes
    limit: float | None
    clock: float | None = None  # seconds since 1970, where the ordinal does not say it
    shift: float = 0.0  # seconds by which the clock is ahead of what the ordinal says
    chance: str = ""  # what random values follow from besides the cell
    lead: list[Request] = field(default_factory=list)  # sent before it, in the same world
    takes: list[tuple[int, list[Any], str]] = field(
        default_factory=list
    )  # answer, place in it, recorded value

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Request:
        """Read a request from a command."""
        return cls(
            cell=str(raw.get("cell", "")),
            ordinal=int(raw.get("ordinal", 0)),
            method=raw.get("method", "GET"),
            path=raw["path"],
            headers=[(name, value) for name, value in raw.get("headers") or ()],
            body=base64.b64decode(raw.get("body") or ""),
            limit=raw.get("limit"),
            clock=raw.get("clock"),
            shift=float(raw.get("shift", 0.0)),
            chance=str(raw.get("chance", "")),
            lead=[cls.from_json(each) for each in raw.get("lead") or ()],
            takes=[(step, place, text) for step, place, text in raw.get("takes") or ()],
        )

    def handing_back(self, answers: list[Answer]) -> Request:
        """The request with the values that these answers gave, where it holds those of the recording."""
        path, headers, body = self.path, self.headers, self.body
        for step, place, text in self.takes:
            if step >= len(answers):
                continue
            new = handed.read(answers[step].headers, bytes(answers[step].body), place)
            if new is not None:
                path, headers, body = handed.swap(path, headers, body, text, new)
        return replace(self, path=path, headers=headers, body=body)


@dataclass(slots=True)
class Answer:
    """What a client would see, or the type of the exception that escaped."""

    status: int = 0
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    exception: str = ""
    left: list[str] = field(default_factory=list)  # what went on when it was over: tasks, an endless stream

    def to_json(self) -> dict[str, Any]:
        """The answer in the shape of `strop.cell.Answer`, its body in base64."""
        return {
            "status": self.status,
            "headers": [list(each) for each in self.headers],
            "body": base64.b64encode(self.body).decode(),
            "exception": self.exception,
        }


def type_name(error: BaseException) -> str:
    """The name of an exception's type, with its module unless that is built in."""
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def make_scope(request: Request, state: dict[str, Any]) -> dict[str, Any]:
    """The scope that uvicorn would make."""
    raw_path, _, query = request.path.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 50000),
        "scheme": "http",
        "method": request.method,
        "root_path": "",
        "path": unquote(raw_path),
        "raw_path": raw_path.encode("ascii", "surrogateescape"),
        "query_string": query.encode("latin-1", "replace"),
        "headers": [
            (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in request.headers
        ],
        "state": state.copy(),
        "strop.cell": request.cell,
    }


class Exchange:
    """One request and what comes back, with the two callables of ASGI."""

    def __init__(self, request: Request) -> None:
        self.answer = Answer()
        self._request = request
        self._sent = False
        self._over = asyncio.Event()
        self._events: int | None = None  # how many there were, where the answer may never end

    async def receive(self) -> dict[str, Any]:
        """The body at once, and a disconnect after the answer is complete."""
        if not self._sent:
            self._sent = True
            return {"type": "http.request", "body": self._request.body, "more_body": False}
        await self._over.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: dict[str, Any]) -> None:
        """Collect the answer; HEAD has no body on the wire."""
        if message["type"] == "http.response.start":
            self.answer.status = message["status"]
            self.answer.headers = [
                (bytes(name).decode("latin-1"), bytes(value).decode("latin-1"))
                for name, value in message.get("headers", ())
            ]
            if any(name.lower() == "content-type" and "event-stream" in v for name, v in self.answer.headers):
                self._events = 0
                asyncio.get_running_loop().call_later(_LISTEN, self._hang_up)
        elif message["type"] == "http.response.body":
            if self._over.is_set():
                return
            if self._request.method != "HEAD":
                self.answer.body += message.get("body", b"")
            if not message.get("more_body", False):
                self._over.set()
            elif self._events is not None:
                self._events += 1
                if self._events >= _EVENTS:
                    self._hang_up()

    def _hang_up(self) -> None:
        """The client has heard enough."""
        if not self._over.is_set():
            self.answer.left.append("stream")
            self._over.set()

    async def run(self, app: Any, scope: dict[str, Any]) -> None:
        """Call the application and note what escapes."""
        try:
            await app(scope, self.receive, self.send)
        except asyncio.CancelledError:
            raise
        except BaseException as error:  # SystemExit too: raised here it would end the loop
            self.answer.exception = type_name(error)
        finally:
            self._over.set()


async def drive(app: Any, request: Request, state: dict[str, Any]) -> Answer:
    """Serve one request and let the tasks settle that it leaves behind. Raises Stuck."""
    before = asyncio.all_tasks()
    exchange = Exchange(request)
    task = asyncio.ensure_future(exchange.run(app, make_scope(request, state)))
    if await wait_for({task}, request.limit):
        task.cancel()
        done, _ = await asyncio.wait({task}, timeout=_CANCEL)
        if not done:
            raise Stuck(request.cell)
        exchange.answer.exception = "TimeLimit"
    elif task.cancelled():
        exchange.answer.exception = "asyncio.exceptions.CancelledError"
    await settle(asyncio.all_tasks() - before - {task}, exchange.answer)
    return exchange.answer


async def settle(left: set[asyncio.Task[Any]], answer: Answer) -> None:
    """Let tasks end that a request has left behind; those that go on are named in its answer.

    A kind of task that went on once is not waited for again.
    """
    if not left:
        return
    known = {task for task in left if _kind(task) in _endless}
    await asyncio.wait(left, timeout=_SETTLE)
    if waited := {task for task in left - known if not task.done()}:
        await asyncio.wait(waited, timeout=_LINGER)
    going = sorted({_kind(task) for task in left if not task.done()})
    _endless.update(going)
    answer.left += [f"task {name}" for name in going]


def _kind(task: asyncio.Task[Any]) -> str:
    code = task.get_coro()
    return str(getattr(code, "__qualname__", type(code).__name__))


async def drive_together(app: Any, request: Request, times: int, state: dict[str, Any]) -> None:
    """Send the same request `times` times at once and wait for all of them, at most its limit. Raises Stuck."""
    sent = [asyncio.create_task(Exchange(request).run(app, make_scope(request, state))) for _ in range(times)]
    late = await wait_for(sent, request.limit)
    for task in late:
        task.cancel()
    if late and (await asyncio.wait(late, timeout=_CANCEL))[1]:
        raise Stuck(request.cell)
