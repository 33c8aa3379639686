"""What keeps the application inside its world: clock, chance, databases, services, network, the user's tree."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from . import (
    ask,
    clients,
    clock,
    flushes,
    guard,
    limits,
    network,
    randomness,
    redis_servers,
    servers,
    sqlite_files,
    tasks,
)
from .config import Config

_CHILDREN = str(Path(__file__).parent / "descend")


def install(config: Config) -> None:
    """Put up every wall of `config`, here and for child processes; before the application is imported."""
    limits.install(config.memory)
    if config.ask:
        ask.install(config.ask)
        servers.install()
        redis_servers.install()
    sqlite_files.install(redirect=bool(config.ask), backwards=config.backwards)
    network.install()
    clients.install(config.outbound, local_mail=config.mode != "suite")
    if config.mode != "suite":  # tests know what they do with their own queue
        tasks.install()
    guard.install(config.protect, allow=(config.root, tempfile.gettempdir()))
    if config.clock is not None:
        clock.install(config.clock)
    if config.seed is not None:
        randomness.install(config.seed)
        flushes.install()
    _hand_down(config)


def install_in_child(config: Config) -> None:
    """Put up the walls in a process that the application started."""
    install(config)
    randomness.reseed("child", *sys.orig_argv[1:])


def _hand_down(config: Config) -> None:
    """Let Python processes that the application starts find `sitecustomize` with the same walls."""
    os.environ["STROP_PROBE_CONFIG"] = config.path
    path = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    if _CHILDREN not in path:
        os.environ["PYTHONPATH"] = os.pathsep.join([_CHILDREN, *(each for each in path if each)])
