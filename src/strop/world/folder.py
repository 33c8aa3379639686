"""A world's folders: working trees of the target outside the user's own, and what they need beside the code."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
from pathlib import Path

from strop.target import Target
from strop.world import beside, git
from strop.world.marked import MARK

_PYTHON = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV")
_PROXIES = tuple(
    f(f"{name}_proxy") for name in ("http", "https", "all") for f in (str.lower, str.upper)
)  # ways out
PLACE = "{root}"
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

    @property
    def beside(self) -> Path:
        """What every tree has beside the code, laid out as below the target's root."""
        return self._beside / self.inner

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
        for name in (*_PYTHON, *_PROXIES):
            environ.pop(name, None)
        environ["PATH"] = f"{Path(self.target.python).parent}{os.pathsep}{environ.get('PATH', '')}"
        environ |= {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": str(temporary)}
        environ[MARK] = str(self.base)
        environ |= {name: value.replace(PLACE, str(root)) for name, value in self.target.environ}
        return environ

    def _bring(self, tree: Path) -> None:
        """Put what lies beside the code, without being committed, into a tree."""
        if self._beside.is_dir():
            shutil.copytree(self._beside, tree, dirs_exist_ok=True, symlinks=True)
