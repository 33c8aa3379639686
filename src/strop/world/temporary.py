"""Temporary folders of strop's own: each is known until it is gone, and says whose it is.

So one that an interruption cut short goes at the end of the process, and one of a process that was killed with its
keeper goes with the next command.
"""

from __future__ import annotations

import atexit
import os
import re
import secrets
import shutil
import tempfile
import time
from pathlib import Path

from strop.world import owner
from strop.world.marked import end_marked

PREFIX = "strop-"
NAMES = re.compile(rf"{PREFIX}[0-9a-f]+")
OWNER = ".owner"  # file that says whose folder it is
SHORT = Path("/tmp")  # where paths are short enough for sockets
PATIENCE = 5.0  # seconds for processes that were killed to stop writing

_made: set[Path] = set()


def name(place: Path | None = None) -> Path:
    """A path for a folder that `make` makes; in TMPDIR unless said."""
    return (place or Path(tempfile.gettempdir()).resolve()) / f"{PREFIX}{secrets.token_hex(4)}"


def claim(wanted: str) -> Path | None:
    """A folder of this name in TMPDIR, made now, for `make`; None where it is taken, or no name of ours."""
    folder = Path(tempfile.gettempdir()).resolve() / wanted
    if not NAMES.fullmatch(wanted):
        return None
    try:
        folder.mkdir(mode=0o700)
    except OSError:
        return None
    _made.add(folder)
    return folder


def make(folder: Path) -> Path:
    """Make the folder, unless it is `claim`ed already, and know it until `remove`."""
    if folder not in _made:
        _made.add(folder)
        folder.mkdir(mode=0o700)
    (folder / OWNER).write_text(owner.mine())
    return folder


def remove(folder: Path, started: bool = True) -> None:
    """Remove a folder: again while somebody who was killed still writes. Where something was `started` that carries
    it as its mark, that is ended first.
    """
    until = time.monotonic() + PATIENCE
    while True:
        if started:
            end_marked(folder)
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists() or time.monotonic() > until:
            break
        time.sleep(0.05)
    _made.discard(folder)


def sweep() -> None:
    """Remove what commands have left that were killed together with their keepers."""
    for place in {Path(tempfile.gettempdir()).resolve(), SHORT}:
        for folder in place.glob(f"{PREFIX}*"):
            if _is_left(folder):
                remove(folder)


def _is_left(folder: Path) -> bool:
    """Whether it is this user's and its owner has ended."""
    try:
        note = folder / OWNER
        return note.lstat().st_uid == os.geteuid() and owner.is_gone(note.read_text())
    except (OSError, ValueError):
        return False


def _remove_all() -> None:
    for folder in tuple(_made):
        remove(folder)


atexit.register(_remove_all)
