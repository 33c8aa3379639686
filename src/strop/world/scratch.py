"""Where does a command keep its copies, and what happens to them when it ends in whatever way?

A folder is gone when its command ends, also by Ctrl-C at any moment. A process that is killed can't do that: a keeper
beside it does, and where both were killed (a machine that was switched off) the next command.
"""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

from strop.problem import EXIT_USAGE, Problem
from strop.world import git, temporary
from strop.world.process import keep_beside

EXPECTED = (OSError, sqlite3.Error, git.GitFailed, ValueError)  # behind which a full disk may stand
DRIVERS = ("psycopg", "pymysql")  # whose errors are known by name, since they are imported only when needed
ROOM = 1 << 20  # bytes; a disk with less is full
KEEPER = "strop.world.keeper"


@contextlib.contextmanager
def scratch(place: str = "") -> Iterator[Path]:
    """A folder that is gone afterwards, whatever happened, with all processes that carry it as their mark. It is called
    `place` where nothing else is.

    Raises Problem W202 where the disk is full, W203 where git failed, W319 where a database server went away.
    """
    temporary.sweep()
    base = temporary.claim(place) or temporary.name()
    with keep_beside([sys.executable, "-P", "-m", KEEPER, str(base)]):
        try:
            temporary.make(base)
            yield base
        except Exception as error:
            problem = _explain(base, error)
            if problem is None:
                raise
            raise problem from error
        finally:
            try:
                temporary.remove(base)
            except KeyboardInterrupt:
                temporary.remove(base)
                raise


def _explain(base: Path, error: Exception) -> Problem | None:
    if _is_gone(error):
        lines = tuple(str(error).strip().splitlines()[-2:])
        do = "see that the server runs and stays up, and start strop again"
        return Problem("W319", "the database server went away", where=lines, do=do, retry="same")
    if isinstance(error, EXPECTED) and _is_full(base, error):
        message = f"no space is left for the working copies in {base.parent}"
        do = "free some, or set TMPDIR to a folder on another disk"
        return Problem("W202", message, do=do, retry="same", status=EXIT_USAGE)
    if isinstance(error, git.GitFailed):
        lines = tuple(str(error).splitlines()[-3:])
        do = "see what git says of the repository: git status, git fsck"
        return Problem("W203", "git could not make a working copy", where=lines, do=do)
    return None


def _is_gone(error: Exception) -> bool:
    """Whether a server does not answer any more, or ended the connection."""
    kinds = type(error).__mro__
    return any(k.__name__ == "OperationalError" and k.__module__.partition(".")[0] in DRIVERS for k in kinds)


def _is_full(base: Path, error: Exception) -> bool:
    """Whether the disk is why: it says so, or there is no room for another file (messages get lost then too)."""
    if isinstance(error, OSError) and error.errno in (28, 122):  # no space, quota
        return True
    if "No space left" in str(error):
        return True
    with contextlib.suppress(OSError):
        return shutil.disk_usage(base).free < ROOM
    return False
