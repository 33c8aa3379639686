"""Where does compiled code come from: what one process of a world compiled, the others read.

No bytecode is written beside the user's code or libraries. The store's key is the source itself, so that
every working tree of the target shares what it has in common with the others.
"""

from __future__ import annotations

import _imp
import functools
import hashlib
import marshal
import os
import sys
from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from importlib.util import cache_from_source
from pathlib import Path
from types import CodeType
from typing import Any

from . import hooks


def install(store: str) -> None:
    """Keep compiled code in the folder `store`; with "" nothing changes."""
    if not store:
        return
    folder = Path(store) / f"{sys.implementation.cache_tag}-{sys.flags.optimize}"
    folder.mkdir(parents=True, exist_ok=True)
    original = SourceFileLoader.get_code

    @functools.wraps(original)
    def get_code(self: Any, fullname: str) -> CodeType | None:
        path = self.get_filename(fullname)
        if type(self) is not SourceFileLoader or Path(cache_from_source(path)).exists():
            return original(self, fullname)
        return _stored(self, fullname, path, folder, original)

    hooks.replace(SourceFileLoader, "get_code", get_code)


def _stored(
    loader: SourceFileLoader, fullname: str, path: str, folder: Path, compiled: Callable[..., CodeType | None]
) -> CodeType | None:
    key = hashlib.blake2b(loader.get_data(path), digest_size=16).hexdigest()
    place = folder / key
    kept = _read(place)
    if kept is not None:
        _imp._fix_co_filename(kept, path)  # type: ignore[attr-defined] # as imports do with moved bytecode
        return kept
    fresh = compiled(loader, fullname)
    if fresh is not None:
        _keep(fresh, place)
    return fresh


def _read(place: Path) -> CodeType | None:
    try:
        code = marshal.loads(place.read_bytes())
    except (OSError, ValueError, EOFError, TypeError):
        return None
    return code if isinstance(code, CodeType) else None


def _keep(code: CodeType, place: Path) -> None:
    """Write it whole or not at all: processes that run side by side share the store."""
    part = place.with_suffix(f".{os.getpid()}")
    try:
        part.write_bytes(marshal.dumps(code))
        part.replace(place)
    except OSError:
        hooks.failures["bytecode"] += 1
