"""From which folders are the project's modules imported? Told by what its files import of each other.

A repository may hold several: `server/`, `src/`, `clients/api/`. A folder is a root when absolute imports
name modules that lie below it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

_IMPORT = re.compile(
    rb"^[ \t]*(?:from[ \t]+([A-Za-z_][\w.]*)[ \t]+import|import[ \t]+([A-Za-z_][\w.]*))", re.M
)


def source_roots(texts: Iterable[tuple[str, bytes]]) -> tuple[str, ...]:
    """The folders on `sys.path`, relative to the root, the most used first; `texts` are files with their bytes.

    ("." alone for a project that imports nothing of its own.)
    """
    files = dict(texts)
    modules = _modules(files)
    votes: Counter[str] = Counter()
    for file, text in files.items():
        for match in _IMPORT.finditer(text):
            name = (match[1] or match[2]).decode()
            votes.update(_roots_of(name, file, modules))
    chosen = [folder for folder, count in votes.most_common() if count > 0]
    return tuple(folder for folder in chosen if _outermost(folder, files) not in chosen) or (".",)


def _outermost(folder: str, files: dict[str, bytes]) -> str:
    """The folder around the package that a folder is part of; "" for a folder that is no package.

    Where that one is a root, the inner one is none: `shop/extensions/sqlalchemy.py` is not `import sqlalchemy`.
    """
    outer = ""
    while f"{folder}/__init__.py" in files:
        folder = outer = folder.rpartition("/")[0] or "."
    return outer


def find_roots(root: Path, paths: Iterable[Path]) -> tuple[str, ...]:
    """The roots of these files below `root`."""
    return source_roots((path.relative_to(root).as_posix(), _bytes(path)) for path in paths)


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _modules(files: Iterable[str]) -> dict[str, set[str]]:
    """The folders in which a module or package of this simple name lies."""
    found: dict[str, set[str]] = {}
    for file in files:
        parts = file.removesuffix(".py").split("/")
        if parts[-1] == "__init__":
            parts.pop()
        for place, name in enumerate(parts):
            found.setdefault(name, set()).add("/".join(parts[:place]) or ".")
    return found


def _roots_of(name: str, file: str, modules: dict[str, set[str]]) -> list[str]:
    """The folder that an absolute import most likely starts from: one that holds its first two names,
    the nearest above the file that imports."""
    first, *rest = name.split(".")
    found = modules.get(first, set())
    if rest:
        found = {f for f in found if (first if f == "." else f"{f}/{first}") in modules.get(rest[0], ())}
    above = [f for f in found if f == "." or file.startswith(f + "/")]
    return [max(above, key=len)] if above else []
