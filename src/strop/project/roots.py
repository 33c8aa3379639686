"""From which folders are the project's modules imported? Told by what its files import of each other.

A repository may hold several: `server/`, `src/`, `clients/api/`. A folder is a root when absolute imports
name modules that lie below it, and when more imports start there than pass through it from a folder above:
a module `shop/redis.py` does not make `shop` a root, because `import redis` means the library and the
project itself says `shop.redis`.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from strop.project.parse import LARGEST

_IMPORT = re.compile(
    rb"^[ \t]*(?:from[ \t]+([A-Za-z_][\w.]*)[ \t]+import[ \t]+\(?[ \t]*([A-Za-z_]\w*)?|import[ \t]+([A-Za-z_][\w.]*))",
    re.M,
)


class _Import(NamedTuple):
    """One import: the module, the first name that is taken from it ("" for none) and the file that does it."""

    module: str
    name: str
    file: str


class _Start(NamedTuple):
    """A folder from which a dotted name leads to a module of the project."""

    folder: str
    target: str


class Roots(NamedTuple):
    """The folders, and the files whose text decided, besides what they import."""

    folders: tuple[str, ...]
    decisive: tuple[str, ...]


def source_roots(texts: Iterable[tuple[str, bytes]]) -> tuple[str, ...]:
    """The folders on `sys.path`, relative to the root, the most used first; `texts` are files with their bytes.

    ("." alone for a project that imports nothing of its own.)
    """
    return weigh_imports(dict(texts)).folders


def imports_of(text: bytes) -> str:
    """What a file imports, as far as it decides about roots: equal texts, equal roots."""
    return repr(_IMPORT.findall(text))


def weigh_imports(files: dict[str, bytes]) -> Roots:
    """The roots of these files, as `source_roots` gives them."""
    tree = _Tree(files)
    started: Counter[str] = Counter()
    passed: Counter[str] = Counter()
    for each in _imports(files):
        start = tree.start(each)
        if start is not None and each.file != f"{start.target}.py" and _is_there(each, start, tree):
            started[start.folder] += 1
            passed.update(_between(start.folder, start.target))
    chosen = [f for f, count in started.most_common() if count > passed[f]]
    return Roots(tuple(chosen) or (".",), tuple(sorted(tree.searched)))


def find_roots(root: Path, paths: Iterable[Path]) -> tuple[str, ...]:
    """The roots of these files below `root`."""
    return source_roots((path.relative_to(root).as_posix(), read_bytes(path)) for path in paths)


def read_bytes(path: Path) -> bytes:
    """What is in a file, and no more than a bit too much of it; nothing where it can't be read."""
    try:
        with path.open("rb") as file:
            return file.read(LARGEST + 1)
    except OSError:
        return b""


def _imports(files: dict[str, bytes]) -> Iterator[_Import]:
    for file, text in files.items():
        for module, first, whole in _IMPORT.findall(text):
            yield _Import((whole or module).decode(), first.decode(), file)


def _is_there(each: _Import, start: _Start, tree: _Tree) -> bool:
    """Whether a module has what is imported from it: another of a library's name has not."""
    if "." in each.module or not each.name or each.name in tree.inside.get(start.target, ()):
        return True
    text = tree.text(start.target)
    word = re.escape(each.name.encode())
    made = rb"^(?:(?:async def|def|class) |from .*\b)?%s\b|^ +%s,?$" % (word, word)
    return re.search(made, text, re.M) is not None


class _Tree:
    """Modules and packages by folder."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.inside: dict[str, set[str]] = {}  # names of the modules and packages of each folder
        self.holders: dict[str, set[str]] = {}  # folders that hold a module or package of this name
        for file in files:
            parts = file.removesuffix(".py").split("/")
            if parts[-1] == "__init__":
                parts.pop()
            for place, name in enumerate(parts):
                folder = "/".join(parts[:place]) or "."
                self.inside.setdefault(folder, set()).add(name)
                self.holders.setdefault(name, set()).add(folder)
        self.known: dict[str, list[_Start]] = {}
        self.searched: set[str] = set()

    def text(self, target: str) -> bytes:
        """What is in a module or package."""
        for file in (f"{target}.py", f"{target}/__init__.py"):
            self.searched.add(file)
            if self.files.get(file):
                return self.files[file]
        return b""

    def start(self, each: _Import) -> _Start | None:
        """Where an import most likely starts: from the nearest folder above the file that has the whole name,
        or from any when the name has two parts; None for a library's module."""
        if each.module not in self.known:
            self.known[each.module] = list(self._starts(each.module))
        starts = self.known[each.module]
        above = [s for s in starts if s.folder == "." or each.file.startswith(f"{s.folder}/")]
        if not above and "." in each.module:
            above = starts
        return max(above, key=lambda s: (s.folder != ".", len(s.folder)), default=None)

    def _starts(self, module: str) -> Iterator[_Start]:
        parts = module.split(".")
        if len(parts) == 1 and module in sys.stdlib_module_names:
            return
        for folder in self.holders.get(parts[0], ()):
            here = folder
            for part in parts:
                if part not in self.inside.get(here, ()):
                    break
                here = part if here == "." else f"{here}/{part}"
            else:
                yield _Start(folder, here)


def _between(folder: str, target: str) -> Iterator[str]:
    """The folders below the one where a name starts, down to what it leads to."""
    parts = target.split("/")
    first = 0 if folder == "." else folder.count("/") + 1
    for place in range(first + 1, len(parts)):
        yield "/".join(parts[:place])
