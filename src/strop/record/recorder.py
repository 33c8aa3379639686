"""The wrapper around an application: it passes everything on as it is, and remembers it."""

from __future__ import annotations

import os
import sys
from typing import Any

from .archive import Archive
from .entry import Heard

App = Any


class Recorder:
    """An ASGI application that serves as `app` does and writes each HTTP request to a HAR file at `path`.

    The file is readable by its owner alone: it holds passwords, cookies and tokens as they were sent. One that is
    there already is continued. Raises `archive.Foreign` where the file is somebody else's, OSError where the disk
    refuses; what fails later is said once, and the application goes on.
    """

    def __init__(self, app: App, path: str | os.PathLike[str]) -> None:
        self.app = app
        self._archive = Archive(path)
        self._failed = False

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve one connection."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        heard = Heard(scope)

        async def hear() -> Any:
            message = await receive()
            heard.receive(message)
            return message

        async def tell(message: Any) -> None:
            heard.send(message)
            await send(message)

        try:
            await self.app(scope, hear, tell)
        finally:
            self._write(heard)

    def __getattr__(self, name: str) -> Any:
        """What else somebody asks of the application: its routes, its state."""
        return getattr(self.app, name)

    def _write(self, heard: Heard) -> None:
        try:
            self._archive.add(heard.entry())
        except Exception as error:
            if not self._failed:
                self._failed = True
                sys.stderr.write(f"strop: requests are not recorded: {type(error).__name__}: {error}\n")
