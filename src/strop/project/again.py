"""What do the files say, when most of them said the same the last time?

A file is read again when its text changed, or when something changed that it looked at. The result is that of a
reading of everything: a test makes random changes and compares.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec
from msgspec import Struct, field

from strop.project.body import Noticer
from strop.project.cache import cache_key, decode_derived, digest, encode_derived
from strop.project.catalogue import default_catalogue, extend
from strop.project.changes import Changes, changed
from strop.project.derive import Derived
from strop.project.digests import digest_of
from strop.project.files import file_name
from strop.project.found import Entry, index
from strop.project.graph import Graph
from strop.project.kept import Kept, Last, read_last, write_edits, write_whole
from strop.project.libraries.answers import read_answers, write_answers
from strop.project.libraries.environment import NOWHERE, Environment
from strop.project.listing import Listing
from strop.project.portions import divide, read_portions
from strop.project.roots import imports_of, read_bytes, weigh_imports
from strop.project.settings import Settings, read_settings
from strop.project.source import Reading


def read_anew(
    root: Path,
    sources: tuple[str, ...],
    exclude: tuple[str, ...],
    noticers: tuple[Noticer, ...],
    environment: Environment = NOWHERE,
) -> list[Derived]:
    """The results of all files, in their order; nothing is kept. For the arguments see `read_source`."""
    reading = Reading.of(root, sources, exclude, environment=environment)
    entries = list(reading.found.entries.values())
    portions = divide(reading, entries)
    if len(portions) == 1:
        return reading.every(noticers)
    results, _ = read_portions(reading, portions, noticers)
    return [decode_derived(results.pop(entry.file)) for entry in entries]


def read_again(
    listing: Listing,
    sources: tuple[str, ...],
    exclude: tuple[str, ...],
    noticers: tuple[Noticer, ...],
    environment: Environment = NOWHERE,
) -> tuple[list[Derived], Changes]:
    """The same as `read_anew`, of the files that are listed, from what was kept where it still holds; and what is
    different from that.
    """
    root = listing.root
    settings = read_settings(root)
    names = sorted(n.rule for n in noticers)
    key = cache_key(
        (
            str(root),
            environment.told,
            repr((sources, exclude, settings.sources, settings.exclude, settings.catalogue)),
            *names,
        )
    )
    files = _Files(root, tuple(file_name(root, path) for path in listing.sources))
    again = _Again(files, read_last(root, key))
    try:
        roots = sources or settings.sources or again.roots()
        stale = again.stale(roots)
    except (msgspec.MsgspecError, IndexError):
        again = _Again(files, None)
        roots = sources or settings.sources or again.roots()
        stale = again.stale(roots)
    if stale:
        catalogue = extend(default_catalogue(), settings.catalogue)
        reading = Reading(root, files.names, roots, catalogue, environment)
        if reading.library is not None:
            reading.library.answers.update(read_answers(root, library_key(environment, settings)))
        again.derive(reading, stale, noticers)
        again.keep(key, roots)
        if reading.library is not None and reading.library.fresh:
            write_answers(root, library_key(environment, settings), reading.library.answers)
    return again.every(), again.changes(key)


def library_key(environment: Environment, settings: Settings) -> str:
    """What decides the answers of libraries besides strop's own code."""
    return f"{environment.told} {sorted(settings.catalogue.items())!r}"


class _Files(Struct):
    """The files as they are now."""

    root: Path
    names: tuple[str, ...]
    hashes: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.hashes = {name: digest_of(self.root / name) for name in self.names}

    def text(self, name: str) -> bytes:
        """The bytes of a file."""
        return read_bytes(self.root / name)


def _print_of_files(hashes: Mapping[str, str]) -> str:
    return digest("\0".join(f"{file} {told}" for file, told in sorted(hashes.items())).encode())


def _print_of_imports(text: bytes) -> str:
    return digest(imports_of(text).encode())


class _Again:
    """One reading beside what was kept of the last."""

    def __init__(self, files: _Files, last: Last | None) -> None:
        self.files = files
        self.last = last
        self.before: Mapping[str, Kept] = last.files if last is not None else {}
        self.changed = {
            f for f, h in files.hashes.items() if f not in self.before or self.before[f].hash != h
        }
        self.gone = self.before.keys() - files.hashes.keys()
        self.entries: dict[str, Entry] = {}
        self.graph = Graph()
        self.derived: dict[str, Derived] = {}
        self.encoded: dict[str, bytes] = {}
        self.imports: dict[str, str] = {}
        self.decisive: tuple[str, ...] = last.edits.decisive if last is not None else ()

    def roots(self) -> tuple[str, ...]:
        """The folders that modules are imported from: those of the last time, unless what decides has changed."""
        if self.last is not None and not self.gone and self.changed <= self.before.keys():
            self.imports = {f: _print_of_imports(self.files.text(f)) for f in self.changed}
            same = all(self.before[f].imports == told for f, told in self.imports.items())
            if same and self.changed.isdisjoint(self.decisive):
                return self.last.edits.roots
        texts = {name: self.files.text(name) for name in self.files.names}
        self.imports = {file: _print_of_imports(text) for file, text in texts.items()}
        folders, self.decisive = weigh_imports(texts)
        return folders

    def stale(self, roots: tuple[str, ...]) -> list[Entry]:
        """The files whose results must be made. Raises MsgspecError or IndexError when what was kept is broken."""
        self.entries = {entry.file: entry for entry in index(self.files.names, roots).values()}
        if self.last is None or self.last.edits.roots != roots:
            self.last, self.before, self.gone = None, {}, set()
            return list(self.entries.values())
        if self.changed or self.gone:
            self.graph = self.last.graph()
            self.changed |= self._dependents(roots, self.last.learned)
        for file in self.entries.keys() - self.changed:
            self.derived[file] = decode_derived(self.before[file].derived)
        return [entry for file, entry in self.entries.items() if file in self.changed]

    def _dependents(self, roots: tuple[str, ...], learned: Graph) -> set[str]:
        """The files that looked at something that is different now."""
        names = {file: entry.module for file, entry in self.before.items()}
        moved = {f for f, entry in self.entries.items() if names.get(f) != entry.name} | set(self.gone)
        modules = {self.entries[f].name for f in self.changed if f in self.entries}
        modules |= {names[f] for f in (*self.changed, *moved) if f in names}
        modules |= {self.entries[f].name for f in moved if f in self.entries}
        reading = Reading(self.files.root, self.files.names, roots, default_catalogue())
        changed = self.graph.changed(reading.found, modules, bool(moved), self.everything)
        learned.prints.update((key, self.graph.prints[key]) for key in changed)
        for file in self.gone:
            self.graph.drop(file)
            learned.drop(file)
        return (self.graph.dependents(changed) | moved) & self.entries.keys()

    @property
    def everything(self) -> str:
        """A print of all files."""
        return _print_of_files(self.files.hashes)

    @property
    def since(self) -> str:
        """A print of all files as they were, "" where nothing is known of them."""
        return _print_of_files({file: kept.hash for file, kept in self.before.items()}) if self.before else ""

    def changes(self, key: str) -> Changes:
        """What is different from what was kept under a key."""
        keys = {f"file {f}" for f, h in self.files.hashes.items() if self._hash_before(f) != h}
        for file in (*self.encoded, *self.gone):
            old = self.before[file].derived if file in self.before else b""
            if old != self.encoded.get(file):
                keys.update(changed(file, decode_derived(old) if old else None, self.derived.get(file)))
        since = digest(f"{key} {self.since}".encode()) if self.since else ""
        return Changes(since, digest(f"{key} {self.everything}".encode()), frozenset(keys))

    def _hash_before(self, file: str) -> str:
        return self.before[file].hash if file in self.before else ""

    def derive(self, reading: Reading, stale: list[Entry], noticers: tuple[Noticer, ...]) -> None:
        """Make the results of these files."""
        portions = divide(reading, stale)
        if len(portions) > 1:
            self._derive_apart(reading, portions, noticers)
            return
        for entry in stale:
            self.derived[entry.file] = reading.derive(entry, noticers)
            self.encoded[entry.file] = encode_derived(self.derived[entry.file])
        learned = Graph()
        names = {entry.file: entry.name for entry in stale}
        learned.learn(reading.watch, reading.found, names, self.everything)
        self.graph.replace(learned)
        self._remember(learned)

    def _derive_apart(
        self, reading: Reading, portions: list[list[Entry]], noticers: tuple[Noticer, ...]
    ) -> None:
        def learn(graph: Graph, portion: Sequence[Entry]) -> None:
            names = {entry.file: entry.name for entry in portion}
            graph.learn(reading.watch, reading.found, names, self.everything)

        self.encoded, learned = read_portions(reading, portions, noticers, learn)
        self.graph.join(learned)
        self._remember(learned)
        self.derived.update((file, decode_derived(data)) for file, data in self.encoded.items())

    def _remember(self, learned: Graph) -> None:
        if self.last is not None:
            self.last.learned.replace(self.graph.about(learned))

    def keep(self, key: str, roots: tuple[str, ...]) -> None:
        """Keep what was read: what is different from the last time, or all of it."""
        root, last = self.files.root, self.last
        fresh = {file: self._kept(file) for file in self.encoded}
        if last is not None and write_edits(root, last, roots, self.decisive, fresh, set(self.gone)):
            return
        files = {file: fresh.get(file) or self.before[file] for file in self.entries}
        write_whole(root, key, roots, self.decisive, files, self.graph)

    def _kept(self, file: str) -> Kept:
        imports = self.imports.get(file, "")
        if not imports and file in self.before:
            imports = self.before[file].imports
        return Kept(self.files.hashes[file], self.entries[file].name, imports, self.encoded[file])

    def every(self) -> list[Derived]:
        """The results of all files, in their order."""
        return [self.derived[file] for file in self.entries]
