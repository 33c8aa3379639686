"""Which file is a library's module? Stubs before source, in an environment's package folders; nothing is imported."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from strop.project.found import Entry

_ENDINGS = (".pyi", ".py")
_OWN_WORDS = frozenset({"typing_extensions", "typing", "_typeshed"})  # the reader knows what their names mean


class Shelf(Mapping[str, Entry]):
    """The modules of an environment by dotted name, looked up when somebody asks."""

    def __init__(self, folders: tuple[Path, ...]) -> None:
        self.folders = [str(folder) for folder in folders]
        self.packages = Packages(self)
        self._listed: dict[str, frozenset[str]] = {}
        self._entries: dict[str, Entry | None] = {}

    def __getitem__(self, name: str) -> Entry:
        entry = self._look(name)
        if entry is None:
            raise KeyError(name)
        return entry

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._look(name) is not None

    def __iter__(self) -> Iterator[str]:
        return iter(())  # nobody goes through an environment

    def __len__(self) -> int:
        return 0

    def holds(self, package: str) -> bool:
        """Whether there is a folder for a dotted name, be it without `__init__`."""
        places = (folder.rpartition("/") for folder in self._folders(package))
        return any(own in self._list(above) for above, _, own in places)

    def _look(self, name: str) -> Entry | None:
        if name not in self._entries:
            self._entries[name] = self._find(name)
        return self._entries[name]

    def _find(self, name: str) -> Entry | None:
        above, _, last = name.rpartition(".")
        if not last.isidentifier() or name.partition(".")[0] in _OWN_WORDS:
            return None
        if above and above not in self and above not in self.packages:
            return None
        for ending in _ENDINGS:
            for place in self._folders(name):
                if f"__init__{ending}" in self._list(place):
                    return Entry(name, f"{place}/__init__{ending}", True)
                folder, _, file = place.rpartition("/")
                if f"{file}{ending}" in self._list(folder):
                    return Entry(name, f"{place}{ending}", False)
        return None

    def _folders(self, name: str) -> Iterator[str]:
        """Where a module of this name may lie: in a package of stubs, or in the library itself."""
        top, dot, rest = name.partition(".")
        inside = rest.replace(".", "/")
        for folder in self.folders:
            yield f"{folder}/{top}-stubs{dot and '/'}{inside}"
            yield f"{folder}/{top}{dot and '/'}{inside}"

    def _list(self, folder: str) -> frozenset[str]:
        if folder not in self._listed:
            try:
                self._listed[folder] = frozenset(os.listdir(folder))  # noqa: PTH208 (twice as fast)
            except OSError:
                self._listed[folder] = frozenset()
        return self._listed[folder]


class Packages:
    """The folders of an environment as dotted names."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self._known: dict[str, bool] = {}

    def __contains__(self, name: object) -> bool:
        if not isinstance(name, str) or not name or name.partition(".")[0] in _OWN_WORDS:
            return False
        if name not in self._known:
            self._known[name] = self._shelf.holds(name)
        return self._known[name]
