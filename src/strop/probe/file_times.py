"""When was a file changed: files that this world wrote carry the frozen time, not the kernel's.

Answers hold such times: Last-Modified, ETag, entries of archives. A file that was opened for writing here was
changed when that happened on the frozen clock; one that something else changed meanwhile, at the start of it.
Files from before keep their times.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from typing import Any

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_COARSE = 5  # CLOCK_REALTIME_COARSE, which the kernel takes the times of files from

_written: dict[str, int] = {}  # path -> frozen nanoseconds
_start_ns = 0  # on the kernel's clock
_frozen_start_ns = 0
_now_ns: Callable[[], int] = lambda: 0  # noqa: E731 - replaced by install
_stat, _lstat, _fstat = os.stat, os.lstat, os.fstat


def install(now_ns: Callable[[], int]) -> None:
    """Report times of files by the clock `now_ns`; call before `time` is replaced."""
    global _now_ns, _start_ns, _frozen_start_ns
    _now_ns = now_ns
    _frozen_start_ns = now_ns()
    _start_ns = time.clock_gettime_ns(_COARSE) if sys.platform == "linux" else time.time_ns()
    functions: Any = _Functions()
    os.stat, os.lstat, os.fstat = functions.stat, functions.lstat, functions.fstat
    for known in (os.supports_dir_fd, os.supports_fd, os.supports_follow_symlinks):
        if _stat in known:
            known.add(os.stat)  # shutil looks them up there
    sys.addaudithook(_watch)


class _Functions:
    """What replaces functions of `os`: bound methods, which do not bind again as attributes of a class."""

    def stat(self, path: Any, *, dir_fd: Any = None, follow_symlinks: bool = True) -> os.stat_result:
        found = _stat(path, dir_fd=dir_fd, follow_symlinks=follow_symlinks)
        return found if found.st_mtime_ns < _start_ns else _change(found, path)

    def lstat(self, path: Any, *, dir_fd: Any = None) -> os.stat_result:
        found = _lstat(path, dir_fd=dir_fd)
        return found if found.st_mtime_ns < _start_ns else _change(found, path)

    def fstat(self, fd: int) -> os.stat_result:
        found = _fstat(fd)
        return found if found.st_mtime_ns < _start_ns else _change(found, fd)


def _change(found: os.stat_result, path: Any) -> os.stat_result:
    """`found` with all three times replaced by the frozen one."""
    at = _written.get(_key(path), _frozen_start_ns)
    names = ("atime", "mtime", "ctime")
    whole = {f"st_{name}": at / 1e9 for name in names} | {f"st_{name}_ns": at for name in names}
    more = {
        name: getattr(found, name) for name in ("st_blksize", "st_blocks", "st_rdev") if hasattr(found, name)
    }
    return os.stat_result((*tuple(found)[:7], *[at // 1_000_000_000] * 3), whole | more)


def _key(path: Any) -> str:
    if isinstance(path, int):
        try:
            return os.readlink(f"/proc/self/fd/{path}")  # noqa: PTH115 - runs at every change
        except OSError:
            return ""
    return os.path.abspath(os.fsdecode(path))  # noqa: PTH100 - must not resolve links


def _watch(event: str, args: tuple[Any, ...]) -> None:
    if event == "open":
        path, _, flags = args
        if isinstance(flags, int) and flags & _WRITING and not isinstance(path, int):
            _written[_key(path)] = _now_ns()
    elif event == "os.rename":
        source, target = _key(args[0]), _key(args[1])
        _written[target] = _written.pop(source, _now_ns())
    elif event == "os.utime" and not isinstance(args[0], int):
        _written[_key(args[0])] = _now_ns()
