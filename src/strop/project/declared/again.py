"""Which application do the declarations make, when most of them say the same as the last time?

It is taken from `.strop/cache/application` while nothing that was followed to put it together is different: most files are
only asked what they import.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from strop.project.cache import FOLDER, write_file
from strop.project.changes import Changes
from strop.project.declared.assemble import put_together
from strop.project.declared.stored import Stored, link_stored
from strop.project.declared.terms import Declarations
from strop.project.project import Imported


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    """An application, and what was followed for it: `reading` is the print of all that was read."""

    reading: str
    followed: tuple[str, ...]
    application: Imported


def assemble_again(
    root: Path, changes: Changes, declarations: Sequence[Declarations], stored: Sequence[Stored]
) -> Imported:
    """The same as `assemble`, from what was kept where that holds."""
    kept = _read(root)
    if kept is None or kept.reading != changes.since or not _holds(kept, changes):
        followed: set[str] = set()
        application = put_together(declarations, link_stored(stored), followed)
        kept = _Kept("", tuple(sorted(followed)), application)
    if kept.reading != changes.now:
        _write(root, msgspec.structs.replace(kept, reading=changes.now))
    return kept.application


def _holds(kept: _Kept, changes: Changes) -> bool:
    keys = ("declared", "stored", *(f"declared {module}" for module in kept.followed))
    return changes.keys.isdisjoint(keys)


def _read(root: Path) -> _Kept | None:
    try:
        return msgspec.msgpack.decode((root / FOLDER / "application").read_bytes(), type=_Kept)
    except (OSError, msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _write(root: Path, kept: _Kept) -> None:
    with contextlib.suppress(OSError, UnicodeEncodeError, OverflowError):
        write_file(root / FOLDER / "application", msgspec.msgpack.encode(kept))
