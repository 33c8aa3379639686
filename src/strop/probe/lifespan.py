"""How does the application start and stop: the ASGI lifespan, held open between requests."""

from __future__ import annotations

import asyncio
from typing import Any

from .load import Failed, failure


class Lifespan:
    """One task that runs the application's lifespan in `loop`."""

    def __init__(self, app: Any, loop: asyncio.AbstractEventLoop) -> None:
        self.state: dict[str, Any] = {}
        self._app = app
        self._loop = loop
        self._to_app: asyncio.Queue[dict[str, str]] = asyncio.Queue()
        self._from_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._task: asyncio.Task[BaseException | None] | None = None

    def start(self) -> None:
        """Run the start-up. Raises Failed; an application without a lifespan is none."""
        self._task = self._loop.create_task(self._run(), name="lifespan")
        message, error = self._loop.run_until_complete(self._exchange("lifespan.startup"))
        if message is None or message["type"] != "lifespan.startup.failed":
            return
        if error is not None:
            raise failure("lifespan", error)
        raise Failed("lifespan", str(message.get("message", "")).strip()[-1000:])

    def stop(self) -> None:
        """Run the shutdown, whatever it says."""
        if self._task is not None and not self._task.done():
            self._loop.run_until_complete(self._exchange("lifespan.shutdown"))

    async def _run(self) -> BaseException | None:
        scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": self.state}
        try:
            await self._app(scope, self._to_app.get, self._from_app.put)
        except BaseException as error:  # SystemExit too: raised here it would end the loop
            return error
        return None

    async def _exchange(self, kind: str) -> tuple[dict[str, Any] | None, BaseException | None]:
        """Tell the application `kind`; its answer (None without one) and the exception it ended with."""
        task = self._task
        assert task is not None
        self._to_app.put_nowait({"type": kind})
        answer = asyncio.ensure_future(self._from_app.get())
        await asyncio.wait({task, answer}, return_when=asyncio.FIRST_COMPLETED)
        if not answer.done() and not self._from_app.empty():
            await asyncio.wait({answer})
        message = answer.result() if answer.done() else None
        answer.cancel()
        if message is not None and message["type"].endswith("failed"):
            await asyncio.wait({task}, timeout=1)
        error = task.result() if task.done() else None
        if message is None and isinstance(error, SystemExit | KeyboardInterrupt):
            message = {"type": f"{kind}.failed"}
        return message, error
