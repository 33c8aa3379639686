"""What does the project's own ruff say? Its configuration and its executable are looked for, and it is asked once.

A ruff that the repository itself brings along is never started: only one that somebody installed.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from strop.world import git
from strop.world.process import run
from strop.world.ruff_choice import chosen

_CONFIGURED = re.compile(rb"^\s*\[tool\.ruff[\].]", re.MULTILINE)
_ENVIRONMENTS = ("UV_PROJECT_ENVIRONMENT", "VIRTUAL_ENV", "CONDA_PREFIX")
_LIMIT = 120  # seconds


class RuffFailed(Exception):
    """ruff gave no result; the message is its own."""


class Place(msgspec.Struct, frozen=True):
    """Where something is said."""

    row: int = 0
    column: int = 0


class Mend(msgspec.Struct, frozen=True):
    """What ruff would do about it."""

    message: str | None = None


class Said(msgspec.Struct, frozen=True):
    """One thing that ruff says. Older ones give no name."""

    filename: str
    message: str
    location: Place
    end_location: Place
    code: str | None = None  # None, or "invalid-syntax", for what it can't read
    name: str = ""
    url: str | None = None
    fix: Mend | None = None


class Ruff(Struct, frozen=True):
    """One that is installed, and the folder that it is asked about."""

    executable: Path
    root: Path
    chosen: tuple[str, ...] = ("",)  # begins of the codes that the project has selected

    def ask(self, families: tuple[str, ...], cache: Path | None) -> tuple[Said, ...]:
        """What it says below the root by the project's own configuration, of the rules that the project selects.
        `families` are the letters of codes that are wanted. Results for unchanged files are kept in the folder `cache`.

        Raises RuffFailed.
        """
        kept = ("--cache-dir", str(cache)) if cache is not None else ("--no-cache",)
        command = (str(self.executable), "check", "--output-format", "json", "--exit-zero", "--quiet", *kept)
        try:
            done = run((*command, "--force-exclude", "."), self.root, limit=_LIMIT)
            if done.status:
                raise RuffFailed(_first_lines(done.err) or f"status {done.status}")
            said = msgspec.json.decode(done.out, type=tuple[Said, ...])
        except (OSError, msgspec.MsgspecError) as error:
            raise RuffFailed(str(error)) from None
        return tuple(each for each in said if self._is_asked(each.code or "", families))

    def _is_asked(self, code: str, families: tuple[str, ...]) -> bool:
        return code.rstrip("0123456789") in families and code.startswith(self.chosen)


def find_ruff(root: Path) -> Ruff | None:
    """The ruff of a project that has a configuration for it: its environment's, else the one on PATH; None without."""
    repo = next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), None)
    if not any(map(_configures, _up_to(root, repo))):
        return None
    selected = chosen([*_up_to(root, repo), *_below(root)])
    if not selected:
        return None
    for executable in _candidates(root, repo):
        if executable.is_file() and os.access(executable, os.X_OK) and not _is_brought(executable, repo):
            return Ruff(executable, root, selected)
    return None


def _up_to(root: Path, repo: Path | None) -> Iterator[Path]:
    """The root and the folders above it, as far as the repository reaches."""
    yield root
    if repo is not None and root != repo:
        yield from (folder for folder in root.parents if folder.is_relative_to(repo))


def _below(root: Path) -> Iterator[Path]:
    """The folders two levels down: the services of a repository have configurations of their own."""
    for pattern in ("*/", "*/*/"):
        yield from (folder for folder in root.glob(pattern) if not folder.name.startswith("."))


def _configures(folder: Path) -> bool:
    if (folder / "ruff.toml").is_file() or (folder / ".ruff.toml").is_file():
        return True
    try:
        return _CONFIGURED.search((folder / "pyproject.toml").read_bytes()) is not None
    except OSError:
        return False


def _candidates(root: Path, repo: Path | None) -> Iterator[Path]:
    folders = [folder / name for folder in _up_to(root, repo) for name in (".venv", "venv")]
    folders += [root / os.environ[name] for name in _ENVIRONMENTS if os.environ.get(name)]
    yield from (folder / part for folder in folders for part in ("bin/ruff", "Scripts/ruff.exe"))
    found = shutil.which("ruff")
    if found is not None:
        yield Path(found).absolute()


def _is_brought(executable: Path, repo: Path | None) -> bool:
    """Whether it is committed: then it is the repository's, and nobody here has installed it."""
    if repo is None or not executable.resolve().is_relative_to(repo.resolve()):
        return False
    try:
        return git.is_tracked(repo, executable)
    except git.GitFailed:  # nothing is committed yet
        return False


def _first_lines(text: str) -> str:
    """ruff says what failed and why on lines of their own."""
    return ": ".join(" ".join(line.removeprefix("  Cause:").split()) for line in text.splitlines()[:3])
