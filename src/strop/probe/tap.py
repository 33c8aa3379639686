"""What do the tests send to the application: every outermost HTTP request, served in a world of its own."""

from __future__ import annotations

import asyncio
import base64
import functools
import gc
import json
import time
from contextvars import ContextVar
from types import ModuleType
from typing import Any, TextIO

from . import answers, calls, clock, network, randomness
from .config import Config
from .drive import type_name
from .late import when_imported
from .serve import plain_exchange

_STEP = 1_000_000  # nanoseconds from one request of a test to the next
_FULL = 25  # tests between full collections of garbage
_DRAIN = 1.0  # seconds for the rest of a body that the application did not read

_inside: ContextVar[bool] = ContextVar("strop_inside", default=False)
_exchange: ContextVar[dict[str, Any] | None] = ContextVar("strop_exchange", default=None)


class Tap:
    """Replaces `Starlette.__call__`; knows the current test and counts its requests."""

    def __init__(self, config: Config, recording: Any, out: TextIO) -> None:
        self._config = config
        self._recording = recording
        self._out = out
        self._test = ""
        self._number = 0  # of the request in its test
        self._tests = 0
        self._active = 0
        self._before: Any = None
        if recording is not None:
            recording.on_finish = _exchange.set

    def install(self) -> None:
        """Record from now on, in every Starlette application."""
        self._let_tick()
        when_imported("starlette.applications", self._patch)

    def begin_test(self, test: str, moment: float) -> None:
        """Give the test `test` a seed of its own and its moment, in seconds after the start of the clock."""
        self._test = test
        self._number = 0
        self._tests += 1
        self._clean()
        self._step(moment)
        self._let_tick()
        randomness.reseed(test)

    def write(self, line: dict[str, Any]) -> None:
        """Append one line to the output."""
        self._out.write(json.dumps(line, ensure_ascii=True) + "\n")
        self._out.flush()

    def _step(self, moment: float = 0.0) -> None:
        """Let the clock stand at `moment` (seconds after its start), or at the next step where that is past.

        It never runs back, and it goes on in whole steps, so that the number of looks does not add up.
        """
        if self._config.clock is not None:
            passed = clock.now_ns() - round(self._config.clock * 1e9)
            steps = passed // _STEP + 1
            clock.set_time(self._config.clock + max(moment, steps * _STEP / 1e9))

    def _clean(self) -> None:
        """Collect garbage now and never by itself: what a session still remembers must not hang on that.

        Only what is young, for a full collection of a large application takes longer than most requests;
        that one is due at every so many tests.
        """
        if gc.isenabled():
            gc.disable()
            gc.collect()
            gc.freeze()  # all that was imported
        elif self._number == 0 and self._tests % _FULL == 0:
            gc.collect()
        else:
            gc.collect(1)

    def _let_tick(self) -> None:
        if self._config.clock is not None:
            clock.tick()

    def _patch(self, module: ModuleType) -> None:
        original = module.Starlette.__call__
        tap = self

        @functools.wraps(original)
        async def call(app: Any, scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] != "http" or _inside.get():
                await original(app, scope, receive, send)
            else:
                await tap.serve(functools.partial(original, app), scope, receive, send)

        module.Starlette.__call__ = call

    async def serve(self, app: Any, scope: Any, receive: Any, send: Any) -> None:
        """Serve one request of a test in its own world and write what went in and came out."""
        self._number += 1
        self._step()
        number, at = self._number, clock.now_ns() / 1e9
        traffic = _Traffic(scope, receive, send)
        if self._active == 0:
            self._clean()
            self._before = randomness.state()
        self._active += 1
        randomness.reseed(self._test, number)
        answers.restart()
        made = calls.begin()
        token = _inside.set(True)
        try:
            exchange = await self._record(app, scope, traffic, f"{self._test}#{number}")
        finally:
            _inside.reset(token)
            self._active -= 1
            if self._active == 0:  # requests may overlap: the tests' own chance goes on after the last
                randomness.restore(self._before)
                self._let_tick()
        await traffic.drain()
        self.write(
            {
                "exchange": {**exchange, "test": self._test},
                "request": traffic.request(),
                "answer": traffic.answer(),
                "calls": made,
                "test": self._test,
                "ordinal": number,
                "clock": at if self._config.clock is not None else None,
                "refused": network.take_refused(),
            }
        )
        if traffic.error is not None:
            raise traffic.error

    async def _record(self, app: Any, scope: Any, traffic: _Traffic, cell: str) -> dict[str, Any]:
        """Call the application, keep what escapes, and return the exchange."""
        token = _exchange.set(None)
        wall, cpu = time.perf_counter_ns(), time.process_time_ns()
        recorded = app if self._recording is None else self._recording.attach(app)
        try:
            scope["strop.cell"] = cell
            await recorded(scope, traffic.receive, traffic.send)
        except BaseException as error:
            traffic.error = error
        wall, cpu = time.perf_counter_ns() - wall, time.process_time_ns() - cpu
        exchange = _exchange.get()
        _exchange.reset(token)
        return exchange or plain_exchange(cell, scope["method"], traffic.path, traffic.status, wall, cpu)


class _Traffic:
    """What passes between a client and the application in one request."""

    def __init__(self, scope: Any, receive: Any, send: Any) -> None:
        raw = scope.get("raw_path") or scope["path"].encode()
        query = scope.get("query_string", b"")
        self.path = (raw.partition(b"?")[0] + (b"?" + query if query else b"")).decode("latin-1")
        self.status = 0
        self.error: BaseException | None = None
        self._scope = scope
        self._receive = receive
        self._send = send
        self._body = bytearray()
        self._complete = False
        self._headers: list[list[str]] = []
        self._answer = bytearray()

    async def receive(self) -> Any:
        """Pass on what the client sends."""
        message = await self._receive()
        if message["type"] == "http.request":
            self._body += message.get("body", b"")
            self._complete = not message.get("more_body", False)
        return message

    async def send(self, message: Any) -> None:
        """Pass on what the application answers."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self._headers = _texts(message.get("headers", ()))
        elif message["type"] == "http.response.body":
            self._answer += message.get("body", b"")
        await self._send(message)

    async def drain(self) -> None:
        """Read the rest of a body that the application did not want: a replay has to send it too."""
        if self._complete or self.error is not None:
            return
        try:
            async with asyncio.timeout(_DRAIN):
                while not self._complete and (await self.receive())["type"] == "http.request":
                    continue
        except Exception:  # a client that has nothing more, or another loop than asyncio's
            return

    def request(self) -> dict[str, Any]:
        """What went in."""
        return {
            "method": self._scope["method"],
            "path": self.path,
            "headers": _texts(self._scope["headers"]),
            "body": base64.b64encode(self._body).decode(),
        }

    def answer(self) -> dict[str, Any]:
        """What came out."""
        return {
            "status": self.status,
            "headers": self._headers,
            "body": base64.b64encode(self._answer).decode(),
            "exception": "" if self.error is None else type_name(self.error),
        }


def _texts(headers: Any) -> list[list[str]]:
    return [[bytes(name).decode("latin-1"), bytes(value).decode("latin-1")] for name, value in headers]
