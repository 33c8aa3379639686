"""What do the files say? Nothing of the project is imported or run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from strop.project.body import Noticer
from strop.project.catalogue import Catalogue, default_catalogue, extend
from strop.project.collect import collect
from strop.project.derive import Derived, derive
from strop.project.files import file_name, source_files
from strop.project.found import Entry, Found, index
from strop.project.functions import Functions
from strop.project.infer import Types
from strop.project.libraries.environment import NOWHERE, Environment
from strop.project.libraries.library import Library
from strop.project.link import link
from strop.project.mark import Mark
from strop.project.marks import Marks
from strop.project.parse import TOO_DEEP, Parsed, is_deep, parse_file
from strop.project.project import Source
from strop.project.roots import find_roots
from strop.project.scope import Module
from strop.project.settings import read_settings
from strop.project.watch import Watch


def read_source(
    root: Path,
    sources: tuple[str, ...] = (".",),
    exclude: tuple[str, ...] = (),
    catalogue: Catalogue | None = None,
    noticers: tuple[Noticer, ...] = (),
) -> Source:
    """Read the project below `root`. `sources` are the folders on `sys.path`, relative to root;
    `exclude` are further paths left out (tests, migrations and environments always are), besides those of
    `[tool.strop]`, whose catalogue is added to ours unless one is given; `noticers` are shown every body.
    A file that can't be read is named in `Source.unread`; the others are read without it.
    Raises Problem T110 for a wrong value in `[tool.strop]`.
    """
    return Reading.of(root, sources, exclude, catalogue).source(noticers)


class Reading:
    """One reading of a project: files are parsed when they are asked for, and understood one by one."""

    @classmethod
    def of(
        cls,
        root: Path,
        sources: tuple[str, ...] = (".",),
        exclude: tuple[str, ...] = (),
        catalogue: Catalogue | None = None,
        environment: Environment = NOWHERE,
    ) -> Reading:
        """Find the files; see `read_source`."""
        root = root.resolve()
        settings = read_settings(root)
        catalogue = catalogue or extend(default_catalogue(), settings.catalogue)
        paths = list(source_files(root, (*exclude, *settings.exclude)))
        sources = sources or settings.sources or find_roots(root, paths)
        return cls(root, tuple(file_name(root, path) for path in paths), sources, catalogue, environment)

    def __init__(
        self,
        root: Path,
        files: tuple[str, ...],
        sources: tuple[str, ...],
        catalogue: Catalogue,
        environment: Environment = NOWHERE,
    ) -> None:
        self.root = root
        self.watch = Watch()
        self.unread: dict[str, Parsed] = {}  # files without a tree
        self.catalogue = catalogue
        self.library = Library(environment.folders, catalogue) if environment.folders else None
        self.deep: set[str] = set()  # files that are not followed
        self._begin(index(files, sources))

    def _begin(self, entries: Mapping[str, Entry]) -> None:
        self.found = Found(entries, self._load, self.watch)
        self.types = Types(self.found, self.catalogue, self.library)

    def _load(self, entry: Entry) -> Module:
        parsed = parse_file(self.root, self.root / entry.file)
        if entry.file in self.deep:
            parsed = Parsed(parsed.file, None, parsed.lines, parsed.reason or TOO_DEEP)
        module = Module(entry.name, entry.file, parsed.lines, entry.is_package, self.watch)
        if parsed.tree is None:
            self.unread[entry.file] = parsed
        else:
            try:
                collect(module, parsed.tree)
            except (RecursionError, MemoryError):
                self.deep.add(entry.file)
                return self._load(entry)
        return module

    def derive(self, entry: Entry, noticers: tuple[Noticer, ...]) -> Derived:
        """What one file says. One that can't be followed to its ends is set aside, and so is what it looks at."""
        while True:
            before = self.watch.current, self.watch.memo
            try:
                return self._derive(entry, noticers)
            except (RecursionError, MemoryError):
                self.watch.leave(before)
                self.set_aside(entry)

    def set_aside(self, entry: Entry) -> None:
        """From now on the deep files among those that are loaded have no tree, or else this one has none."""
        trees = {m.file: m.whole for m in self.found.loaded.values() if m.file not in self.unread}
        deep = {file for file, tree in trees.items() if is_deep(tree)}
        self.deep |= deep or {entry.file}
        self._begin(self.found.entries)  # what was half worked out is begun again

    def _derive(self, entry: Entry, noticers: tuple[Noticer, ...]) -> Derived:
        before = self.watch.enter(entry.file)
        module = self.found.modules[entry.name]
        parsed = self.unread.get(entry.file)
        if parsed is not None:
            found = Derived(entry.file, entry.name, _count(parsed.lines), parsed.reason)
        else:
            found = derive(self.types, module, noticers)
        self.watch.leave(before)
        return found

    def source(self, noticers: tuple[Noticer, ...] = ()) -> Source:
        """Everything that was read, as values."""
        return assemble_source(self.every(noticers))

    def every(self, noticers: tuple[Noticer, ...] = ()) -> list[Derived]:
        """The results of all files, in the order of the files."""
        return [self.derive(entry, noticers) for entry in self.found.entries.values()]


def _count(lines: tuple[str, ...]) -> int:
    return len(lines) - (lines[-1:] == ("",))


def assemble_source(every: list[Derived]) -> Source:
    """The results of all files together."""
    functions = {f.id: f for derived in every for f in derived.functions}
    classes = {c.id: c for derived in every for c in derived.classes}
    marks: dict[str, list[Mark]] = {}
    for mark in (m for derived in every for m in derived.marks):
        marks.setdefault(mark.rule, []).append(mark)
    linked = Functions(sorted(link(functions, classes).items()))
    return Source(
        linked,
        tuple((derived.file, derived.reason) for derived in every if derived.reason),
        sum(derived.lines for derived in every),
        sum(derived.resolved for derived in every),
        sum(derived.unresolved for derived in every),
        classes,
        {
            derived.module: derived.file
            for derived in sorted(every, key=lambda d: d.module)
            if not derived.reason
        },
        Marks(
            {
                rule: tuple(sorted(found, key=lambda m: (m.span, m.facts)))
                for rule, found in sorted(marks.items())
            }
        ),
        {
            id: function.calls is not functions[id].calls
            for id, function in linked.items()
            if function is not functions[id]
        },
    )
