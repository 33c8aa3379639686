"""A client that keeps its cookies, of an application in this process."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx


class Client:
    """Sends one request at a time, each in a loop of its own; a failure in the application is a 500."""

    def __init__(self, app: Any) -> None:
        self._transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self._cookies = httpx.Cookies()

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.send("GET", path, **more)

    def post(self, path: str, **more: Any) -> httpx.Response:
        return self.send("POST", path, **more)

    def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        return asyncio.run(self._send(method, path, more))

    async def _send(self, method: str, path: str, more: dict[str, Any]) -> httpx.Response:
        client = httpx.AsyncClient(
            transport=self._transport, base_url="http://testserver", cookies=self._cookies
        )
        async with client:
            answered = await client.request(method, path, **more)
            self._cookies = client.cookies
        return answered
