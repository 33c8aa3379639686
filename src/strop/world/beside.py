"""What an application needs beside its code and a clone lacks: .env files, data, front ends, submodules.

It is collected once, so that every working tree of a run gets the same, and a database is copied as a
database, not as bytes that somebody may be writing.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from strop.target import Target
from strop.world import git, sqlite

LARGEST = 64 << 20  # bytes of one file; databases may be larger
MOST = 1 << 30  # bytes in all
SKIPPED = frozenset(
    {
        ".git",
        ".strop",
        "node_modules",
        "__pycache__",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
        ".tox",
        ".nox",
    }
)
SQLITE = b"SQLite format 3\0"
JOURNALS = ("-wal", "-shm", "-journal")
GROWING = (".log", ".coverage", ".DS_Store", ".swp", "~")  # endings of files that nobody means as data


def collect(repo: Path, into: Path, target: Target) -> tuple[str, ...]:
    """Copy the files of `repo` that a clone of it lacks into `into`; returns those that were too large.

    Environments, caches and what they hold are left where they are. What the settings name in `copy`
    is copied whatever its size.
    """
    left: list[str] = []
    for path, is_taken in _chosen(repo, target):
        if not is_taken:
            left.append(str(path.relative_to(repo)))
            continue
        goal = into / path.relative_to(repo)
        goal.parent.mkdir(parents=True, exist_ok=True)
        if _is_sqlite(path):
            sqlite.copy(path, goal)
        else:
            shutil.copy2(path, goal, follow_symlinks=False)
    return tuple(left)


def prints(repo: Path, target: Target) -> Iterator[str]:
    """A line for each file that `collect` would copy, with a print of its bytes; without logs, which grow by
    themselves, and without what is new and not committed, which is no part of any base.
    """
    for path, is_taken in _chosen(repo, target):
        name = str(path.relative_to(repo))
        if is_taken and name not in target.dirty and not path.name.endswith(GROWING):
            yield f"{name} {print_of(path)}"


def print_of(path: Path) -> str:
    """A print of a file's bytes, and of what SQLite keeps beside it; of a link, of where it leads; "" without a file."""
    if path.is_symlink():
        return f"-> {path.readlink()}"
    found = hashlib.blake2b(digest_size=16)
    for end in ("", *JOURNALS[::2]):  # the index of a log says nothing that the log does not
        if path.is_file() and (each := Path(f"{path}{end}")).is_file():
            with each.open("rb") as file:
                found.update(hashlib.file_digest(file, "blake2b").digest())
    return found.hexdigest() if path.is_file() else ""


def _chosen(repo: Path, target: Target) -> Iterator[tuple[Path, bool]]:
    """Every file beside the code, and whether it is small enough, or wanted enough, to be copied."""
    named = tuple(Path(target.root) / name for name in target.copy)
    total = 0
    for path in _files(repo):
        size = path.lstat().st_size
        wanted = any(path.is_relative_to(name) for name in named)
        if not wanted and ((size > LARGEST and not _is_sqlite(path)) or total + size > MOST):
            yield path, False
            continue
        total += size
        yield path, True


def _files(repo: Path) -> Iterator[Path]:
    for name in git.submodule_files(repo):
        yield from _kept(repo / name)
    for name in filter(None, git.untracked(repo)):
        path = repo / name.rstrip("/")
        if path.is_symlink() or path.is_file():
            yield from _kept(path)
        elif path.is_dir() and not _is_skipped(path):
            for folder, inner, files in os.walk(path):
                inner[:] = [n for n in inner if not _is_skipped(Path(folder) / n)]
                for file in files:
                    yield from _kept(Path(folder) / file)


def _kept(path: Path) -> Iterator[Path]:
    journal = path.name.endswith(JOURNALS) and _is_sqlite(Path(str(path).rpartition("-")[0]))
    wanted = not journal and path.suffix != ".pyc" and path.name not in SKIPPED
    if wanted and (path.is_symlink() or path.is_file()):
        yield path


def _is_skipped(folder: Path) -> bool:
    return folder.name in SKIPPED or (folder / "pyvenv.cfg").exists() or (folder / ".git").exists()


def _is_sqlite(path: Path) -> bool:
    if path.is_symlink() or not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return file.read(len(SQLITE)) == SQLITE
    except OSError:
        return False
