"""Which files did a request write, and what is in them now?

Only those below the application's own folder: others are temporary, or not the copy's.
"""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path
from typing import Any

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_PARTS = {"__pycache__", ".git", ".strop"}
_SHOWN = 160  # characters of a content
_LONGEST = 32 << 20  # bytes of a file that is read

_added = False
_root = ""
_paths: dict[str, None] | None = None  # None: nobody wants to know


def install(root: str) -> None:
    """Watch from now on, where somebody asks; an audit hook can't be taken out."""
    global _added, _root
    _root = os.path.realpath(root).rstrip("/") + "/"
    if not _added:
        _added = True
        sys.addaudithook(_audit)


def begin() -> None:
    """A request begins."""
    global _paths
    _paths = {}


def take() -> list[dict[str, str]]:
    """The files that were written since `begin`, with their state: size and digest, or that they are gone."""
    global _paths
    paths, _paths = _paths or {}, None
    places = {os.path.realpath(path) for path in paths}
    return [
        {"path": place.removeprefix(_root), **_state(Path(place))}
        for place in sorted(places)
        if place.startswith(_root) and not _PARTS.intersection(place.split("/"))
    ]


def _state(path: Path) -> dict[str, str]:
    try:
        if path.stat().st_size > _LONGEST:
            return {"state": f"{path.stat().st_size} bytes"}
        data = path.read_bytes()
    except OSError:
        return {"state": "gone"}
    digest = hashlib.sha256(data).hexdigest()[:16]
    return {"state": f"{len(data)} bytes, {digest}: {data[:_SHOWN].decode(errors='replace')}"}


def _audit(event: str, args: tuple[Any, ...]) -> None:
    if _paths is None:
        return
    if event == "open":
        path, _, flags = args
        if isinstance(flags, int) and flags & _WRITING and isinstance(path, str | bytes | os.PathLike):
            _paths[os.fsdecode(path)] = None
    elif event in ("os.remove", "os.rename", "os.truncate"):
        for path in args[:2]:
            if isinstance(path, str | bytes | os.PathLike):
                _paths[os.fsdecode(path)] = None
