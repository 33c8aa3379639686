"""What do several requests answer that are served at once, as a plan says: the `turns` command."""

from __future__ import annotations

import asyncio
import contextvars
import functools
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from . import drive, lines, places, randomness
from .late import when_imported
from .turns import Client, Plan, Turns, passed, turn

_CANCEL = 1.0  # seconds that cancelled requests get to end
_installed = False


def install() -> None:
    """Let threads hand over where others could see what they do next; once, in a process that serves crowds."""
    global _installed
    if _installed:
        return
    _installed = True
    lines.passing = _pass_line
    when_imported("sqlalchemy.engine", _watch_statements)
    when_imported("anyio.to_thread", _watch_threads)


async def serve_together(
    app: Any, requests: Sequence[drive.Request], plan: Plan, state: dict[str, Any], limit: float
) -> dict[str, Any]:
    """Serve the requests at once; what each answered, and where it stood after each of its steps. Raises Stuck."""
    loop = asyncio.get_running_loop()
    before = asyncio.all_tasks()
    clients = [_client(number, request) for number, request in enumerate(requests)]
    exchanges = [drive.Exchange(request) for request in requests]
    turns = Turns(loop, clients, plan)
    with turns.taken():
        sent = []
        for client, request, exchange in zip(clients, requests, exchanges, strict=True):
            context = contextvars.copy_context()
            context.run(turn.set, client)
            context.run(randomness.chance.set, client.own)
            run = exchange.run(app, drive.make_scope(request, state))
            sent.append(loop.create_task(run, context=context))
            sent[-1].add_done_callback(functools.partial(_end, turns, client))
        _, late = await asyncio.wait(sent, timeout=limit)
    for task in late:
        task.cancel()
    if late and (await asyncio.wait(late, timeout=_CANCEL))[1]:
        raise drive.Stuck(requests[0].cell)
    for task, exchange in zip(sent, exchanges, strict=True):
        if task in late:
            exchange.answer.exception = "TimeLimit"
        elif task.cancelled():
            exchange.answer.exception = "asyncio.exceptions.CancelledError"
    await drive.settle(asyncio.all_tasks() - before - set(sent), exchanges[0].answer)
    return {
        "answers": [exchange.answer.to_json() for exchange in exchanges],
        "left": exchanges[0].answer.left,
        "traces": [client.trace for client in clients],
    }


def _end(turns: Turns, client: Client, _: asyncio.Task[None]) -> None:
    turns.end(client)


def _client(number: int, request: drive.Request) -> Client:
    """The same request twice draws two chances: two people don't get one key."""
    more = [request.chance] if request.chance else []
    key = (request.cell, *more, *([number] if number else []))
    randomness.reseed(*key)
    return Client(number, randomness.own(*key), randomness.state())


def _pass_line(file: str, line: int) -> None:
    passed(lambda: f"{file}:{line}")


def _caller() -> str:
    span = places.caller_span()
    return f"{span['file']}:{span['line']}" if span else ""


def _watch_statements(module: ModuleType) -> None:
    from sqlalchemy import event  # type: ignore[import-not-found,unused-ignore]

    event.listen(module.Engine, "before_cursor_execute", lambda *_: passed(_caller))
    event.listen(module.Engine, "commit", lambda *_: passed(_caller))


def _watch_threads(module: ModuleType) -> None:
    original = module.run_sync

    @functools.wraps(original)
    def run_sync(func: Any, *args: Any, **kw: Any) -> Any:
        return original(_Held(func), *args, **kw) if turn.get() is not None else original(func, *args, **kw)

    module.run_sync = run_sync  # type: ignore[attr-defined]


class _Held:
    """A function that begins when it is its request's turn."""

    def __init__(self, function: Any) -> None:
        self._function = function

    def __call__(self, *args: Any) -> Any:
        passed(_nowhere)
        return self._function(*args)


def _nowhere() -> str:
    return ""
