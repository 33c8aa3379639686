"""Applying a patch to a folder: the only place that writes a tree."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path, PurePosixPath

from msgspec import Struct

from strop.patch import Edit, Patch
from strop.problem import EXIT_NOT_PROVED, Problem


class _Change(Struct, frozen=True):
    path: Path
    before: bytes | None
    after: bytes


def apply(folder: Path, patch: Patch) -> None:
    """Write the patch's edits and tests under `folder`, all or none.

    Raises Problem if a file is not what the patch was made from, already exists though it should be
    new, or lies outside the folder (also through a symbolic link). Modes and line endings stay.
    """
    root = folder.resolve(strict=True)
    changes = [_plan(root, edit) for edit in (*patch.edits, *patch.tests)]
    if len({change.path for change in changes}) < len(changes):
        raise _refusal("E402", "two edits of the patch write the same file", patch.edits[0].file)
    made: list[Path] = []
    done: list[_Change] = []
    try:
        for change in changes:
            made += _make_folders(change.path.parent)
            done.append(change)
            _replace(change.path, change.after)
    except OSError as error:
        _undo(done, made)
        raise _refusal(
            "E403", f"the file could not be written: {error.strerror}", error.filename or ""
        ) from error


def _plan(root: Path, edit: Edit) -> _Change:
    path = _inside(root, edit.file)
    if edit.before is None:
        if os.path.lexists(path):
            raise _refusal("E401", "a file that the patch would create is there already", edit.file)
        return _Change(path, None, edit.after.encode())
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _refusal("E401", "a file that the patch changes can't be read", edit.file) from error
    if data == edit.before.encode():
        return _Change(path, data, edit.after.encode())
    # Whoever read the text may have turned "\r\n" into "\n"; a file that has only "\r\n" gets it back.
    if data.count(b"\r\n") == data.count(b"\n") and data.replace(b"\r\n", b"\n") == edit.before.encode():
        return _Change(path, data, edit.after.encode().replace(b"\n", b"\r\n"))
    raise _refusal("E401", "the file is not the one that the patch was made from", edit.file)


def _inside(root: Path, name: str) -> Path:
    pure = PurePosixPath(name)
    if pure.is_absolute() or not pure.parts or ".." in pure.parts or "\\" in name or "\0" in name:
        raise _refusal("E404", "the patch names a path outside the folder", name)
    path = root.joinpath(*pure.parts)
    target = path.resolve()
    if not target.is_relative_to(root) or (target.exists() and not target.is_file()):
        raise _refusal("E404", "the path leads outside the folder or is no file", name)
    return target


def _make_folders(folder: Path) -> list[Path]:
    missing = [p for p in (folder, *folder.parents) if not p.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing


def _replace(path: Path, data: bytes) -> None:
    """Write beside the file and rename, so that a reader sees the old or the new content."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".strop-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).chmod(path.stat().st_mode & 0o7777 if path.exists() else 0o666 & ~_umask())
        Path(name).replace(path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _undo(done: list[_Change], made: list[Path]) -> None:
    for change in reversed(done):
        if change.before is None:
            change.path.unlink(missing_ok=True)
        elif change.path.read_bytes() != change.before:
            _replace(change.path, change.before)
    for folder in made:
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def _refusal(code: str, message: str, where: str) -> Problem:
    return Problem(
        code,
        message,
        where=(where,),
        do="make the patch again from the tree as it is now",
        status=EXIT_NOT_PROVED,
    )
