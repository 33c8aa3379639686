"""A table that strop brings, kept as it is decoded: beside the bytecode of the module that decodes it, for its reasons."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from importlib.util import cache_from_source
from pathlib import Path
from typing import TypeVar

import msgspec

T = TypeVar("T")


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    """A decoded table, and what the files that it comes from looked like."""

    stamp: tuple[tuple[int, int], ...]
    decoded: msgspec.Raw


def read_decoded(table: Path, module: Path, type_: type[T], decode: Callable[[str], T]) -> T:
    """What a module's `decode` makes of a table; what was kept, while neither of the two files is another."""
    kept = Path(cache_from_source(str(table.with_suffix(".py")))).with_suffix(".msgpack")
    stamp = tuple((s.st_mtime_ns, s.st_size) for s in (table.stat(), module.stat()))
    with suppress(OSError, msgspec.MsgspecError, ValueError):
        found = msgspec.msgpack.decode(kept.read_bytes(), type=_Kept)
        if found.stamp == stamp:
            return msgspec.msgpack.decode(found.decoded, type=type_)
    decoded = decode(table.read_text("utf-8"))
    if not sys.dont_write_bytecode:
        _write(kept, msgspec.msgpack.encode(_Kept(stamp, msgspec.Raw(msgspec.msgpack.encode(decoded)))))
    return decoded


def _write(file: Path, data: bytes) -> None:
    """Put a file in place as a whole; nowhere, where nothing can be written."""
    beside = file.with_name(f"{file.name}.{os.getpid()}.{time.time_ns()}")
    with suppress(OSError):
        beside.write_bytes(data)
        beside.replace(file)
