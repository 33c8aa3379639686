"""May the application write there: not into the user's own tree."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from typing import Any

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

# audit event -> positions of the paths that would change, and of the directory descriptor each is relative to
_CHANGES: dict[str, tuple[tuple[int, int | None], ...]] = {
    "os.remove": ((0, 1),),
    "os.rename": ((0, 2), (1, 3)),
    "os.mkdir": ((0, 2),),
    "os.rmdir": ((0, 1),),
    "os.link": ((1, 3),),
    "os.symlink": ((1, 2),),
    "os.truncate": ((0, None),),
    "os.chmod": ((0, 2),),
    "os.chown": ((0, 3),),
    "os.utime": ((0, 3),),
    "os.setxattr": ((0, None),),
    "os.removexattr": ((0, None),),
    "shutil.rmtree": ((0, 1),),
    "sqlite3.connect": ((0, None),),
}

_THROUGH = frozenset({"os.truncate", "os.chmod", "os.chown", "os.utime", "sqlite3.connect"})

_protected: tuple[str, ...] = ()
_allowed: tuple[str, ...] = ()
_installed = False


def install(protect: Iterable[str], allow: Iterable[str]) -> None:
    """Refuse changes below the folders `protect`, except below those of `allow`."""
    global _protected, _allowed, _installed
    _protected = tuple(os.path.realpath(each) for each in protect)
    _allowed = tuple(os.path.realpath(each) for each in allow)
    if _protected and not _installed:
        _installed = True
        sys.addaudithook(_watch)


def protect(path: str) -> None:
    """Refuse changes of a file, too: a database that the application believes to have open, and what lies beside it."""
    global _protected, _installed
    real = os.path.realpath(path)
    _protected = (*_protected, *(f"{real}{end}" for end in ("", "-wal", "-shm", "-journal")))
    if not _installed:
        _installed = True
        sys.addaudithook(_watch)


def _watch(event: str, args: tuple[Any, ...]) -> None:
    if event == "open":
        path, _, flags = args
        if isinstance(flags, int) and flags & _WRITING:
            _check(path, None, through=True)
        return
    for at, relative in _CHANGES.get(event, ()):
        _check(args[at], args[relative] if relative is not None else None, event in _THROUGH)


def _check(path: Any, folder: Any, through: bool) -> None:
    """Raise PermissionError if `path`, relative to the open directory `folder`, is protected.

    `through`: the change follows a symbolic link, as opening does; removing changes the link itself.
    """
    if isinstance(path, int) or not isinstance(path, str | bytes | os.PathLike):
        return
    text = os.fsdecode(path)
    if text.startswith("file:"):
        text = text.removeprefix("file:").partition("?")[0]
    if isinstance(folder, int) and folder >= 0 and not text.startswith("/"):
        text = os.path.join(os.path.realpath(f"/proc/self/fd/{folder}"), text)  # noqa: PTH118 - runs at every change
    head, tail = os.path.split(os.path.abspath(text))  # noqa: PTH100 - must not resolve the last part
    parent = os.path.realpath(head)
    real = os.path.join(parent, tail)  # noqa: PTH118 - runs at every change
    if through:
        real = os.path.realpath(real)
    if _below(real, _protected) and not _below(real, _allowed):
        raise PermissionError(13, "strop: the user's own tree is not written here", real)


def _below(path: str, folders: tuple[str, ...]) -> bool:
    return any(path == folder or path.startswith(folder + os.sep) for folder in folders)
