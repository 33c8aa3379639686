"""How is a library patched that the application imports later: callbacks that run right after its import.

Unlike the recording hooks, whose failure only costs evidence, a callback here is a wall: its exception is
raised out of the import.
"""

from __future__ import annotations

import importlib.machinery
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

Callback = Callable[[ModuleType], None]

_waiting: dict[str, list[Callback]] = {}


def when_imported(name: str, callback: Callback) -> None:
    """Call `callback(module)` after `name` has been executed: now if that was already, else once it is."""
    module = sys.modules.get(name)
    if module is not None:
        callback(module)
        return
    _waiting.setdefault(name, []).append(callback)
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)


class _Finder:
    """Lets the other finders find a module that is waited for, and calls back after its execution."""

    def __init__(self) -> None:
        self._busy: set[str] = set()

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in _waiting or fullname in self._busy:
            return None
        self._busy.add(fullname)
        try:
            spec = self._ask_others(fullname, path, target)
        finally:
            self._busy.discard(fullname)
        if spec is not None and spec.loader is not None:
            _call_back_after(spec.loader, fullname)
        return spec

    def _ask_others(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> importlib.machinery.ModuleSpec | None:
        for finder in list(sys.meta_path):
            spec = None if finder is self else finder.find_spec(fullname, path, target)
            if spec is not None:
                return spec
        return None


_finder = _Finder()


def _call_back_after(loader: Any, name: str) -> None:
    """Shadow `exec_module` of this one loader object, so that its type stays what others expect."""
    original = loader.exec_module  # may itself be shadowed by another hook

    def exec_module(module: ModuleType) -> None:
        loader.exec_module = original
        original(module)
        for callback in _waiting.pop(name, ()):
            callback(module)

    loader.exec_module = exec_module
