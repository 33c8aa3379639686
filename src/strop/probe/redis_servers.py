"""Which Redis server does a connection reach: strop's own, over a Unix socket, whatever the application named.

redis-py, valkey-py and aioredis are led where a connection opens its socket, so pools, pipelines, scripts and
subscriptions go on as they are. Credentials stay away: the world's server asks for none.
"""

from __future__ import annotations

import inspect
from types import ModuleType
from typing import Any

from .ask import ask
from .late import when_imported
from .network import refuse

_MODULES = (
    "redis.connection",
    "redis.asyncio.connection",
    "valkey.connection",
    "valkey.asyncio.connection",
    "aioredis.connection",
)
_TCP = ("Connection", "SSLConnection")


def install() -> None:
    """Lead the connections of every client that is or will be imported."""
    for name in _MODULES:
        when_imported(name, _patch)


def _patch(module: ModuleType) -> None:
    unix = getattr(module, "UnixDomainSocketConnection", None)
    if unix is None:  # aioredis before 2: the network's wall knows the port
        return
    original = unix._connect
    is_async = inspect.iscoroutinefunction(original)

    async def connect_async(self: Any) -> Any:
        _lead(self)
        return await original(self)

    def connect(self: Any) -> Any:
        _lead(self)
        return original(self)

    for cls in (unix, *(getattr(module, name) for name in _TCP if hasattr(module, name))):
        cls._connect = connect_async if is_async else connect


def _lead(connection: Any) -> None:
    """Let a connection open the socket of the world's server. Raises ConnectionRefusedError where there is none."""
    host = str(getattr(connection, "host", "") or "")
    port = int(getattr(connection, "port", 0) or 0)
    path = "" if host else str(getattr(connection, "path", "") or "")
    led = getattr(connection, "strop_path", None)
    if led is None:
        try:
            led = str(ask({"ask": "redis", "host": host, "port": port, "path": path})["path"])
        except ConnectionRefusedError:
            refuse(f"redis {host or path}", port)
        connection.strop_path = led
    connection.path = led
    for name in ("username", "password", "credential_provider"):
        if hasattr(connection, name):
            setattr(connection, name, None)
