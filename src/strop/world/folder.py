"""A world's folders: working trees of the target outside the user's own, and what they need beside the code."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from strop.problem import EXIT_USAGE, Problem
from strop.target import Target
from strop.world import beside, git

PLACE = "{root}"
PLACES = re.compile(r"strop-\w+")  # names of scratch folders
ROOM = 1 << 20  # bytes; a disk with less is full
IGNORED = shutil.ignore_patterns(".git", ".venv", "venv", "node_modules", "__pycache__", ".strop", "*.pyc")


class Folder:
    """The scratch folder of one command: a clone of the repository and its working trees."""

    def __init__(self, base: Path, target: Target) -> None:
        self.base = base
        self.target = target
        self.clone = base / "clone"
        self.inner = Path()  # the target's root inside its repository
        self.left_out: tuple[str, ...] = ()  # files beside the code that are too large to copy
        self._number = 0
        self._lock = threading.Lock()
        self._beside = base / "beside"
        if target.repo:
            self.inner = Path(target.root).relative_to(target.repo)
            git.clone(Path(target.repo), self.clone, target.commit)
            self.left_out = beside.collect(Path(target.repo), self._beside, target)
        else:
            shutil.copytree(target.root, self.clone, ignore=IGNORED, symlinks=True)
            git.begin(self.clone)

    def tree(self, revision: str = "base", name: str = "") -> Path:
        """A new working tree of `revision`; returns the target's root in it."""
        with self._lock:
            self._number += 1
            tree = self.base / (name or f"tree{self._number}")
            git.add_worktree(self.clone, tree, revision)
        self._bring(tree)
        return tree / self.inner

    def remove(self, root: Path) -> None:
        """Forget a working tree that `tree` made."""
        top = root
        for _ in self.inner.parts:
            top = top.parent
        with contextlib.suppress(git.GitFailed), self._lock:
            git.remove_worktree(self.clone, top)
        shutil.rmtree(top, ignore_errors=True)

    def environ(self, root: Path, temporary: Path) -> dict[str, str]:
        """The application's environment: the user's own, the settings' and a temporary folder of its own.

        The interpreter's folder comes first in PATH, because applications call their own tools.
        """
        environ = {k: v for k, v in os.environ.items() if not k.startswith(("GIT_", "PYTEST_", "STROP_"))}
        for name in ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV"):
            environ.pop(name, None)
        environ["PATH"] = f"{Path(self.target.python).parent}{os.pathsep}{environ.get('PATH', '')}"
        environ |= {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": str(temporary)}
        environ |= {name: value.replace(PLACE, str(root)) for name, value in self.target.environ}
        return environ

    def _bring(self, tree: Path) -> None:
        """Put what lies beside the code, without being committed, into a tree."""
        if self._beside.is_dir():
            shutil.copytree(self._beside, tree, dirs_exist_ok=True, symlinks=True)


@contextlib.contextmanager
def scratch(place: str = "") -> Iterator[Path]:
    """A folder that is gone afterwards, whatever happened; it is called `place` where nothing else is."""
    base = _made(place)
    try:
        yield base
    except (OSError, sqlite3.Error, git.GitFailed, ValueError) as error:
        if _is_full(base, error):
            message = f"no space is left for the working copies in {base.parent}"
            do = "free some, or set TMPDIR to a folder on another disk"
            raise Problem("W202", message, do=do, retry="same", status=EXIT_USAGE) from error
        if isinstance(error, git.GitFailed):
            lines = tuple(str(error).splitlines()[-3:])
            do = "see what git says of the repository: git status, git fsck"
            raise Problem("W203", "git could not make a working copy", where=lines, do=do) from error
        raise
    finally:
        try:
            shutil.rmtree(base, ignore_errors=True)
        except KeyboardInterrupt:
            shutil.rmtree(base, ignore_errors=True)
            raise


def _made(place: str) -> Path:
    """A new folder of our own: never one that is there already, whatever the name says."""
    if PLACES.fullmatch(place):
        with contextlib.suppress(OSError):
            base = Path(tempfile.gettempdir()) / place
            base.mkdir(mode=0o700)
            return base.resolve()
    return Path(tempfile.mkdtemp(prefix="strop-")).resolve()


def _is_full(base: Path, error: Exception) -> bool:
    """Whether the disk is why: it says so, or there is no room for another file (messages get lost then too)."""
    if isinstance(error, OSError) and error.errno in (28, 122):  # no space, quota
        return True
    return "No space left" in str(error) or shutil.disk_usage(base).free < ROOM
