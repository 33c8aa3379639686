"""Serves the application over HTTP with uvicorn, in this process: the `http` mode."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from typing import Any

from . import network
from .channel import Channel
from .config import Config
from .load import Failed, failure, load

_TICK = 0.01


def run(config: Config, channel: Channel, recording: Any) -> None:
    """Listen until `stop` or the end of the command pipe."""
    try:
        server = _make_server(config, recording)
    except Failed as error:
        channel.send({"failed": error.to_json()})
        _end(1)
    else:
        threading.Thread(target=_report, args=(server, channel), daemon=True).start()
        threading.Thread(target=_obey, args=(server, channel), daemon=True).start()
        with contextlib.suppress(SystemExit):  # uvicorn's way to say that the start-up failed
            server.run()
        if not server.started:
            channel.send({"failed": Failed("lifespan", "the application did not start").to_json()})
        _end(0)


def _make_server(config: Config, recording: Any) -> Any:
    app = load(config)
    try:
        import uvicorn
    except ImportError as error:
        raise failure("import", error) from error
    if recording is not None:
        app = recording.attach(app)
    options = uvicorn.Config(
        app,
        host=config.host,
        port=config.port,
        loop="asyncio",
        access_log=False,
        log_config=None,
        lifespan="auto",
    )
    return uvicorn.Server(options)


def _report(server: Any, channel: Channel) -> None:
    """Tell the port as soon as there is one."""
    while not server.started:
        time.sleep(_TICK)
    port = server.servers[0].sockets[0].getsockname()[1]
    channel.send({"ready": {"port": port, "refused": network.take_refused()}})


def _obey(server: Any, channel: Channel) -> None:
    while (command := channel.receive()) is not None and command.get("do") != "stop":
        continue
    server.should_exit = True


def _end(status: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)
