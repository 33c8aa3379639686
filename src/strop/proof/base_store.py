"""Where are bases' evidence files, and how do they stay few? Below `.strop/cache/bases`, readable by their owner alone.

They hold what the unchanged application answered in its copy, so values of its database, as saved runs do.
"""

from __future__ import annotations

import contextlib
import zlib
from pathlib import Path

import msgspec

from strop.project.cache import FOLDER, write_file
from strop.proof.base_kept import KeptBase

MOST = 6  # bases
LARGEST = 96 << 20  # bytes of one file
ROOM = 256 << 20  # bytes of all
LEVEL = 1  # of compression: statements repeat, and more of it costs more than it saves


def read_kept(root: Path, key: str) -> KeptBase | None:
    """The evidence under this key; None when there is none, or what is there is broken."""
    path = root / FOLDER / "bases" / key
    try:
        kept = msgspec.msgpack.decode(zlib.decompress(path.read_bytes()), type=KeptBase)
        path.touch()  # the last one that was used goes last
    except (OSError, zlib.error, msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return kept if kept.key == key else None


def write_kept(root: Path, kept: KeptBase) -> bool:
    """Keep it, and forget the bases that were used longest ago; False where it is too large, or nothing can be written."""
    folder = root / FOLDER / "bases"
    try:
        data = zlib.compress(msgspec.msgpack.encode(kept), LEVEL)
        if len(data) > LARGEST:
            return False
        write_file(folder / kept.key, data)
    except (OSError, UnicodeEncodeError, OverflowError):
        return False
    _prune(folder)
    return True


def forget(root: Path, key: str) -> None:
    """Remove the evidence under this key."""
    with contextlib.suppress(OSError):
        (root / FOLDER / "bases" / key).unlink()


def _prune(folder: Path) -> None:
    taken = 0
    with contextlib.suppress(OSError):
        found = sorted(folder.iterdir(), key=lambda path: -path.stat().st_mtime_ns)
        for number, path in enumerate(found):
            taken += path.stat().st_size
            if number >= MOST or taken > ROOM:
                path.unlink()
