"""What did the last reading of this project find, file by file? Kept in `.strop/cache/`, by the content of the files:
`source` is a whole reading, `edits` what changed since, so that an edit writes what it changed and no more.

It is data and nothing else (msgpack, read into the types it must have): one that is broken, that another version of
strop or other rules wrote, or that a repository brings along in another shape is left alone and made anew. Two runs
at once each write a whole file and put it in place; the last one stays, and edits of another reading are left alone.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

import msgspec

from strop.project.cache import FOLDER, digest, write_file
from strop.project.graph import Graph

_SHARE = 8  # more edited files than one in so many are written as a whole
_Table = tuple[list[str], dict[str, list[int]], dict[int, list[int]], dict[int, str]]


class Kept(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one file said: `hash` is of its bytes, `module` the name it had, `imports` a print of what it imports,
    `derived` a `Derived` in msgpack.
    """

    hash: str
    module: str
    imports: str
    derived: bytes


class Edits(msgspec.Struct, frozen=True, array_like=True):
    """What is different from the whole reading `of`: files, and what their reading learned for the graph."""

    of: str
    roots: tuple[str, ...]  # folders that modules are imported from
    decisive: tuple[str, ...]  # files whose text decides that, besides what they import
    files: dict[str, Kept]
    gone: tuple[str, ...]
    graph: bytes


class Whole(msgspec.Struct, frozen=True, array_like=True):
    """A reading of all files; `key` is of all that decides it besides the files, `id` of the files."""

    key: str
    id: str
    roots: tuple[str, ...]
    decisive: tuple[str, ...]
    files: dict[str, Kept]
    graph: bytes


_whole = msgspec.msgpack.Decoder(Whole)
_edits = msgspec.msgpack.Decoder(Edits)
_table = msgspec.msgpack.Decoder(_Table)
_encoder = msgspec.msgpack.Encoder()


class Last:
    """The last reading: the whole one with the edits since."""

    def __init__(self, whole: Whole, edits: Edits | None) -> None:
        self.whole = whole
        self.edits = edits or Edits(whole.id, whole.roots, whole.decisive, {}, (), encode_graph(Graph()))
        self.files = whole.files | self.edits.files
        for file in self.edits.gone:
            del self.files[file]
        self.learned = decode_graph(self.edits.graph)

    def graph(self) -> Graph:
        """What was looked at. Raises MsgspecError or IndexError when what was kept is broken."""
        graph = decode_graph(self.whole.graph)
        graph.replace(self.learned)
        for file in self.edits.gone:
            graph.drop(file)
        return graph


def read_last(root: Path, key: str) -> Last | None:
    """What was kept for this project under this key, if anything was."""
    try:
        whole = _whole.decode((root / FOLDER / "source").read_bytes())
        if whole.key != key:
            return None
        return Last(whole, _read_edits(root, whole.id))
    except (OSError, msgspec.MsgspecError, ValueError, KeyError, IndexError, RecursionError):
        return None


def _read_edits(root: Path, of: str) -> Edits | None:
    try:
        edits = _edits.decode((root / FOLDER / "edits").read_bytes())
    except OSError:
        return None
    return edits if edits.of == of else None


def write_whole(
    root: Path,
    key: str,
    roots: tuple[str, ...],
    decisive: tuple[str, ...],
    files: dict[str, Kept],
    graph: Graph,
) -> None:
    """Keep a whole reading; where nothing can be written nothing is kept."""
    told = "\0".join((key, *(f"{file} {kept.hash}" for file, kept in files.items())))
    whole = Whole(key, digest(told.encode()), roots, decisive, files, encode_graph(graph))
    with contextlib.suppress(OSError):
        write_file(root / FOLDER / "source", _encoder.encode(whole))


def write_edits(
    root: Path,
    last: Last,
    roots: tuple[str, ...],
    decisive: tuple[str, ...],
    fresh: dict[str, Kept],
    gone: set[str],
) -> bool:
    """Keep what is `fresh` since the last reading, whose `learned` has grown; False where that is too much."""
    files = {f: kept for f, kept in (last.edits.files | fresh).items() if f not in gone}
    if len(files) * _SHARE > len(last.files):
        return False
    away = tuple(sorted({*last.edits.gone, *gone} & last.whole.files.keys() - files.keys()))
    edits = Edits(last.whole.id, roots, decisive, files, away, encode_graph(last.learned))
    with contextlib.suppress(OSError):
        write_file(root / FOLDER / "edits", _encoder.encode(edits))
    return True


def encode_graph(graph: Graph) -> bytes:
    """A graph as it is kept: each key written once."""
    names: dict[str, int] = {}

    def number(key: str) -> int:
        return names.setdefault(key, len(names))

    files = {file: [number(key) for key in keys] for file, keys in graph.files.items()}
    keys = {number(key): [number(each) for each in asked] for key, asked in graph.keys.items()}
    prints = {number(key): value for key, value in graph.prints.items()}
    return _encoder.encode((list(names), files, keys, prints))


def decode_graph(data: bytes) -> Graph:
    """The graph again. Raises MsgspecError or IndexError for anything else."""
    names, files, keys, prints = _table.decode(data)
    return Graph(
        {file: [names[n] for n in asked] for file, asked in files.items()},
        {names[key]: [names[n] for n in asked] for key, asked in keys.items()},
        {names[key]: value for key, value in prints.items()},
    )
