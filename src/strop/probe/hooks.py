"""How is a library of the target patched, now if it is loaded and else right after its import?"""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from importlib.machinery import ExtensionFileLoader, ModuleSpec, SourceFileLoader, SourcelessFileLoader
from types import ModuleType
from typing import Any

Patcher = Callable[[ModuleType], None]

failures: Counter[str] = Counter()  # what went wrong inside the probe, by part; never seen by the application

_waiting: dict[str, list[Patcher]] = {}
_undo: list[Callable[[], None]] = []
_ABSENT = object()


class _Finder:
    """Lets the other finders find a module that is waited for, and patches it after its execution."""

    def __init__(self) -> None:
        self._busy: set[str] = set()

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name not in _waiting or name in self._busy:
            return None
        self._busy.add(name)
        try:
            spec = importlib.util.find_spec(name)
        except Exception:  # the ordinary import reports it
            return None
        finally:
            self._busy.discard(name)
        if spec is not None:
            _patch_after(spec, name)
        return spec


_finder = _Finder()


def _patch_after(spec: ModuleSpec, name: str) -> None:
    """Shadow `exec_module` on this one loader, so that its type (and what inspects it) stays as it was."""
    loader: Any = spec.loader
    if type(loader).__name__ == "AssertionRewritingHook":  # pytest's, for the packages of its plugins
        _patch_all_after(loader)
        return
    if type(loader) not in (SourceFileLoader, ExtensionFileLoader, SourcelessFileLoader):
        failures[f"loader {name}"] += 1
        return

    before = vars(loader).get("exec_module")  # another's shadow

    def exec_module(module: ModuleType) -> None:
        if before is None:
            del loader.exec_module
        else:
            loader.exec_module = before
        loader.exec_module(module)
        _patch(name, module)

    loader.exec_module = exec_module


def _patch_all_after(loader: Any) -> None:
    """Do the same for a loader that is one object for many modules."""
    if "exec_module" in vars(loader):
        return
    execute = loader.exec_module

    def exec_module(module: ModuleType) -> None:
        execute(module)
        _patch(module.__name__, module)

    replace(loader, "exec_module", exec_module)


def _patch(name: str, module: ModuleType) -> None:
    for patcher in _waiting.pop(name, ()):
        try:
            patcher(module)
        except Exception:
            failures[f"patch {name}"] += 1


def start() -> None:
    """Watch imports from now on."""
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)


def when_imported(name: str, patcher: Patcher) -> None:
    """Call `patcher` with the module, at once if it is loaded."""
    _waiting.setdefault(name, []).append(patcher)
    module = sys.modules.get(name)
    if module is not None:
        _patch(name, module)


def replace(owner: Any, name: str, value: Any) -> None:
    """Set an attribute of a module or class and remember what it was."""
    before = vars(owner).get(name, _ABSENT)
    setattr(owner, name, value)
    _undo.append(lambda: delattr(owner, name) if before is _ABSENT else setattr(owner, name, before))


def replace_function(module: ModuleType, name: str, value: Any) -> None:
    """Replace a function of a module, also where the modules of its package have imported it by name."""
    original = getattr(module, name)
    package = module.__name__.partition(".")[0]
    for known, other in list(sys.modules.items()):
        if known.partition(".")[0] == package and vars(other).get(name) is original:
            replace(other, name, value)
    if getattr(module, name) is original:
        replace(module, name, value)


def at_removal(undo: Callable[[], None]) -> None:
    """Call `undo` when the hooks are taken out."""
    _undo.append(undo)


def remove() -> None:
    """Take every hook out again, last one first."""
    if _finder in sys.meta_path:
        sys.meta_path.remove(_finder)
    _waiting.clear()
    while _undo:
        _undo.pop()()
