"""What ships beside the code, taken from `.strop/cache/shipped` while none of its files has changed.

Such files change seldom, and what reads them (YAML, versions) takes longer to be loaded than to read them.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec

from strop.project.cache import FOLDER, cache_key, write_file
from strop.project.shipped.values import Shipped

Versions = tuple[tuple[str, str], ...]


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    """What was read; `key` is of the files and of all that decides what is read in them."""

    key: str
    shipped: Shipped
    versions: Versions


def read_kept(root: Path, installed: tuple[str, ...], prints: tuple[str, ...]) -> tuple[Shipped, Versions]:
    """What `read_shipped` and `versions` say of a folder; `installed` are the libraries that read for them, `prints`
    those of the files.
    """
    key = cache_key((*installed, *prints))
    path = root / FOLDER / "shipped"
    with contextlib.suppress(OSError, msgspec.MsgspecError, ValueError, RecursionError):
        kept = msgspec.msgpack.decode(path.read_bytes(), type=_Kept)
        if kept.key == key:
            return kept.shipped, kept.versions
    shipped, versions = read_now(root)
    with contextlib.suppress(OSError, UnicodeEncodeError, OverflowError):
        write_file(path, msgspec.msgpack.encode(_Kept(key, shipped, versions)))
    return shipped, versions


def read_now(root: Path) -> tuple[Shipped, Versions]:
    """The same, read now."""
    from strop.project.shipped.read import read_shipped
    from strop.project.shipped.requirements import versions

    shipped = read_shipped(root)
    return shipped, versions(shipped.requirements)
