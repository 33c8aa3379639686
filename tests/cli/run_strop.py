"""`strop` as a user starts it: another process, its exit status, everything that it prints."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path


def run_strop(folder: Path, *arguments: str, **environ: str) -> tuple[int, str, str]:
    """Exit status, standard output and standard error; the folder is written <folder>."""
    done = subprocess.run(
        [sys.executable, "-m", "strop", *arguments],
        cwd=folder,
        env=environment(environ),
        capture_output=True,
        text=True,
        timeout=120,
    )
    return done.returncode, _neutral(done.stdout, folder), _neutral(done.stderr, folder)


def on_terminal(folder: Path, *arguments: str, **environ: str) -> tuple[int, str]:
    """Exit status and what a terminal of 120 columns gets."""
    master, slave = os.openpty()
    environ = {"TERM": "xterm-256color", "COLUMNS": "120", **environ}
    command = [sys.executable, "-m", "strop", *arguments]
    with subprocess.Popen(
        command, cwd=folder, env=environment(environ), stdin=slave, stdout=slave, stderr=slave
    ) as child:
        os.close(slave)
        printed = b""
        while part := _read(master):
            printed += part
        status = child.wait(timeout=120)
    os.close(master)
    return status, _neutral(printed.decode().replace("\r\n", "\n"), folder)


def environment(more: dict[str, str]) -> dict[str, str]:
    """The tests' environment without what changes how text is printed."""
    left_out = {"NO_COLOR", "FORCE_COLOR", "COLUMNS", "TERM", "CLICOLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE"}
    kept = {name: value for name, value in os.environ.items() if name not in left_out}
    return {**kept, "TZ": "UTC", "PYTHONIOENCODING": "utf-8", **more}


def _read(master: int) -> bytes:
    try:
        return os.read(master, 65_536)
    except OSError:  # the other end is closed
        return b""


def _neutral(text: str, folder: Path) -> str:
    return re.sub(rf"(/private)?{re.escape(str(folder))}", "<folder>", text)
