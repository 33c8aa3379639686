"""Which of ruff's rules has a project chosen itself? What a version of ruff says by default is nobody's choice.

ruff 0.17 brings some hundred rules that 0.4 asked to be selected, B008 among them, which calls every `Depends(...)` of a
FastAPI handler a mistake. A project with `line-length = 100` alone has not asked for any of them.
"""

from __future__ import annotations

import contextlib
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

_FILES = (".ruff.toml", "ruff.toml", "pyproject.toml")
_SELECTS = ("select", "extend-select")
_DEEPEST = 8  # configurations that extend one another


def chosen(folders: Iterable[Path]) -> tuple[str, ...]:
    """The begins of codes that the configurations in these folders select by name: "B", "S6", "ASYNC"; "" is all."""
    found = {each for folder in folders for file in _FILES for each in _selected(folder / file, _DEEPEST)}
    return tuple(sorted("" if each == "ALL" else each for each in found))


def _selected(file: Path, depth: int) -> Iterator[str]:
    """What one file selects, and what those that it extends do."""
    settings = _settings(file)
    for table in (settings, _table(settings.get("lint"))):
        for name in _SELECTS:
            listed = table.get(name)
            yield from (each for each in listed if isinstance(each, str)) if isinstance(listed, list) else ()
    above = settings.get("extend")
    if isinstance(above, str) and depth:
        yield from _selected(file.parent / above, depth - 1)


def _settings(file: Path) -> dict[str, Any]:
    """ruff's own table of a file; empty where there is none, or where it can't be read: ruff says so itself."""
    with contextlib.suppress(OSError, ValueError):
        read = tomllib.loads(file.read_text(encoding="utf-8"))
        return _table(_table(read.get("tool")).get("ruff")) if file.name == "pyproject.toml" else read
    return {}


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
