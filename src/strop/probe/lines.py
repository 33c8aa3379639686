"""Which of the watched lines did a request execute?

From Python 3.12 `sys.monitoring` tells of lines in the few code objects that hold watched ones (`monitored`).
Before, marks are put into the source (`marks`). A line without code of its own counts with the statement it
belongs to, a signature with the call.
"""

from __future__ import annotations

import ast
import builtins
import functools
import sys
from collections.abc import Callable, Sequence
from importlib.machinery import SourceFileLoader
from types import CodeType
from typing import Any

from . import hooks
from .frames import kinds
from .marks import MARK, Mark, mark
from .record import current

passing: Callable[[str, int], None] | None = None  # told of each watched line, before it runs
_watched: dict[str, set[int]] = {}
_marks: list[tuple[str, Mark]] = []  # by number, with the file


def stop() -> None:
    """Watch no longer, so that what follows costs what it costs without."""
    _watched.clear()
    _marks.clear()


def install(watch: dict[str, list[int]] | None) -> None:
    """Watch these lines (`{file relative to the root: lines}`) from now on."""
    stop()
    if not watch:
        return
    _watched.update((file, set(lines)) for file, lines in watch.items())
    if sys.version_info >= (3, 12):
        from . import monitored

        monitored.install(_watched, note)
    else:
        _mark_sources()


def note(file: str, symbol: str, lines: Sequence[int]) -> None:
    """Tell the request that runs now that it executes these lines."""
    if passing is not None:
        passing(file, lines[-1])
    now = current.get()
    if now is None:
        return
    if now.lines is None:
        now.lines = {}
    for line in lines:
        key = (file, line)
        if key not in now.lines:
            now.lines[key] = {"file": file, "line": line, "symbol": symbol}


def _mark_sources() -> None:
    original = SourceFileLoader.get_code

    @functools.wraps(original)
    def get_code(self: Any, fullname: str) -> CodeType | None:
        path = self.get_filename(fullname)
        file = kinds[path]
        if not isinstance(file, str) or file not in _watched:
            return original(self, fullname)
        try:
            tree = ast.parse(self.get_data(path), path)
        except (SyntaxError, ValueError):
            return original(self, fullname)  # says it as the import always does

        def number(found: Mark) -> int:
            _marks.append((file, found))
            return len(_marks) - 1

        mark(tree, _watched[file], number)
        code: CodeType = compile(tree, path, "exec", dont_inherit=True)
        return code

    def passed(number: int) -> None:
        if _marks:
            file, found = _marks[number]
            note(file, found.symbol, found.lines)

    hooks.replace(SourceFileLoader, "get_code", get_code)
    hooks.replace(builtins, MARK, passed)
