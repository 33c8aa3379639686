"""A HAR file that grows by an entry a request, and is a whole HAR file at any moment.

Several processes may write to it (workers, a server that reloads itself): each entry takes the place of the end,
under a lock.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HEAD = b'{"log":{"version":"1.2","creator":{"name":"strop","version":"1"},"entries":[\n'
TAIL = b"\n]}}\n"


class Foreign(Exception):
    """A file that somebody else wrote; nothing is added to it."""


class Archive:
    """A recording on disk, readable by its owner alone; one that is there already is continued."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Make the file and its folders. Raises Foreign, and OSError where the disk refuses."""
        self.path = Path(path).absolute()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        _keep_from_git(self.path)
        with self._opened() as (descriptor, size):
            if size == 0:
                os.write(descriptor, HEAD + TAIL)
            elif os.pread(descriptor, len(TAIL), size - len(TAIL)) != TAIL:
                raise Foreign(f"{self.path} is there already, and is no recording of strop's")

    def add(self, entry: dict[str, Any]) -> None:
        """Write one entry at the end."""
        data = json.dumps(entry, ensure_ascii=False).encode("utf-8", "replace")
        with self._opened() as (descriptor, size):
            if size == 0:  # somebody removed it meanwhile
                os.write(descriptor, HEAD + TAIL)
                size = len(HEAD) + len(TAIL)
            comma = b"" if size == len(HEAD) + len(TAIL) else b",\n"
            _write(descriptor, comma + data + TAIL, size - len(TAIL))

    @contextlib.contextmanager
    def _opened(self) -> Iterator[tuple[int, int]]:
        """The file, locked, and its size in bytes."""
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        try:
            _lock(descriptor)
            yield descriptor, os.fstat(descriptor).st_size
        finally:
            os.close(descriptor)


def _write(descriptor: int, data: bytes, offset: int) -> None:
    while data:
        written = os.pwrite(descriptor, data, offset)
        data, offset = data[written:], offset + written


def _lock(descriptor: int) -> None:
    try:
        import fcntl
    except ImportError:  # one process writes, then
        return
    fcntl.flock(descriptor, fcntl.LOCK_EX)


def _keep_from_git(path: Path) -> None:
    """What lies in strop's own folder is never committed."""
    for folder in path.parents:
        if folder.name == ".strop" and not (folder / ".gitignore").exists():
            (folder / ".gitignore").write_text("*\n")
