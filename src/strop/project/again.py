"""What do the files say, when most of them said the same the last time?

A file is read again when its text changed, or when something changed that it looked at. The result is that of a
reading of everything: a test makes random changes and compares.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from strop.project.body import Noticer
from strop.project.cache import (
    Cache,
    Kept,
    cache_key,
    decode_derived,
    decode_graph,
    digest,
    encode_derived,
    encode_graph,
    read_cache,
    write_cache,
)
from strop.project.catalogue import default_catalogue, extend
from strop.project.derive import Derived
from strop.project.digests import digest_of
from strop.project.files import file_name, source_files
from strop.project.found import Entry, index
from strop.project.graph import Graph
from strop.project.portions import divide, read_portions
from strop.project.roots import read_bytes, source_roots
from strop.project.settings import read_settings
from strop.project.source import Reading


def read_anew(
    root: Path, sources: tuple[str, ...], exclude: tuple[str, ...], noticers: tuple[Noticer, ...]
) -> list[Derived]:
    """The results of all files, in their order; nothing is kept. For the arguments see `read_source`."""
    reading = Reading.of(root, sources, exclude)
    entries = list(reading.found.entries.values())
    portions = divide(reading, entries)
    if len(portions) == 1:
        return reading.every(noticers)
    results, _ = read_portions(reading, portions, noticers)
    return [decode_derived(results.pop(entry.file)) for entry in entries]


def read_again(
    root: Path, sources: tuple[str, ...], exclude: tuple[str, ...], noticers: tuple[Noticer, ...]
) -> list[Derived]:
    """The same as `read_anew`, from what was kept where it still holds."""
    root = root.resolve()
    settings = read_settings(root)
    names = sorted(n.rule for n in noticers)
    key = cache_key(
        (str(root), repr((sources, exclude, settings.sources, settings.exclude, settings.catalogue)), *names)
    )
    paths = list(source_files(root, (*exclude, *settings.exclude)))
    files = _Files(root, tuple(file_name(root, path) for path in paths))
    again = _Again(files, read_cache(root, key))
    roots = sources or settings.sources or again.roots()
    try:
        stale = again.stale(roots)
    except (msgspec.MsgspecError, IndexError):
        again = _Again(files, None)
        stale = again.stale(roots)
    if stale:
        reading = Reading(root, files.names, roots, extend(default_catalogue(), settings.catalogue))
        again.derive(reading, stale, noticers)
        write_cache(root, again.cache(key, roots))
    return again.every()


@dataclass(slots=True)
class _Files:
    """The files as they are now."""

    root: Path
    names: tuple[str, ...]
    hashes: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.hashes = {name: digest_of(self.root / name) for name in self.names}

    def texts(self) -> dict[str, bytes]:
        """The bytes of all files."""
        return {name: read_bytes(self.root / name) for name in self.names}


class _Again:
    """One reading beside what was kept of the last."""

    def __init__(self, files: _Files, kept: Cache | None) -> None:
        self.files = files
        self.kept = kept
        self.before: Mapping[str, Kept] = kept.files if kept is not None else {}
        self.changed = {
            f for f, h in files.hashes.items() if f not in self.before or self.before[f].hash != h
        }
        self.gone = self.before.keys() - files.hashes.keys()
        self.entries: dict[str, Entry] = {}
        self.graph = Graph()
        self.derived: dict[str, Derived] = {}
        self.encoded: dict[str, bytes] = {}

    def roots(self) -> tuple[str, ...]:
        """The folders that modules are imported from."""
        if self.kept is not None and not self.changed and not self.gone:
            return self.kept.roots
        return source_roots(self.files.texts().items())

    def stale(self, roots: tuple[str, ...]) -> list[Entry]:
        """The files whose results must be made. Raises MsgspecError or IndexError when what was kept is broken."""
        self.entries = {entry.file: entry for entry in index(self.files.names, roots).values()}
        if self.kept is None or self.kept.roots != roots:
            self.before, self.gone = {}, set()
            return list(self.entries.values())
        if self.changed or self.gone:
            self.graph = decode_graph(self.kept.graph)
            self.changed |= self._dependents(roots)
        for file in self.entries.keys() - self.changed:
            self.derived[file] = decode_derived(self.before[file].derived)
        return [entry for file, entry in self.entries.items() if file in self.changed]

    def _dependents(self, roots: tuple[str, ...]) -> set[str]:
        """The files that looked at something that is different now."""
        names = {file: entry.module for file, entry in self.before.items()}
        moved = {f for f, entry in self.entries.items() if names.get(f) != entry.name} | set(self.gone)
        modules = {self.entries[f].name for f in self.changed if f in self.entries}
        modules |= {names[f] for f in (*self.changed, *moved) if f in names}
        modules |= {self.entries[f].name for f in moved if f in self.entries}
        reading = Reading(self.files.root, self.files.names, roots, default_catalogue())
        changed = self.graph.changed(reading.found, modules, bool(moved), self.everything)
        for file in self.gone:
            self.graph.drop(file)
        return (self.graph.dependents(changed) | moved) & self.entries.keys()

    @property
    def everything(self) -> str:
        """A print of all files."""
        return digest("\0".join(f"{f} {h}" for f, h in self.files.hashes.items()).encode())

    def derive(self, reading: Reading, stale: list[Entry], noticers: tuple[Noticer, ...]) -> None:
        """Make the results of these files."""
        portions = divide(reading, stale)
        if len(portions) > 1:
            self._derive_apart(reading, portions, noticers)
            return
        for entry in stale:
            self.derived[entry.file] = reading.derive(entry, noticers)
            self.encoded[entry.file] = encode_derived(self.derived[entry.file])
        names = {entry.file: entry.name for entry in stale}
        self.graph.learn(reading.watch, reading.found, names, self.everything)

    def _derive_apart(
        self, reading: Reading, portions: list[list[Entry]], noticers: tuple[Noticer, ...]
    ) -> None:
        def learn(graph: Graph, portion: Sequence[Entry]) -> None:
            names = {entry.file: entry.name for entry in portion}
            graph.learn(reading.watch, reading.found, names, self.everything)

        self.encoded, learned = read_portions(reading, portions, noticers, learn)
        self.graph.join(learned)
        self.derived.update((file, decode_derived(data)) for file, data in self.encoded.items())

    def cache(self, key: str, roots: tuple[str, ...]) -> Cache:
        """What is kept of this reading."""
        files = {
            file: Kept(
                self.files.hashes[file],
                entry.name,
                self.encoded[file] if file in self.encoded else self.before[file].derived,
            )
            for file, entry in self.entries.items()
        }
        return Cache(key, roots, files, encode_graph(self.graph))

    def every(self) -> list[Derived]:
        """The results of all files, in their order."""
        return [self.derived[file] for file in self.entries]
