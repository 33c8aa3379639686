"""How are many files read at once? Portion by portion, each by a process of its own that is gone with its trees.

A result is a function of definitions alone, so it is the same in whatever portion its file is; what a portion looks at in
files of others it parses for itself, which is little where neighbours are read together. A small project is one portion,
read here: a process costs more than it gives.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence

import msgspec

from strop.project.body import Noticer
from strop.project.cache import encode_derived
from strop.project.found import Entry
from strop.project.graph import Graph
from strop.project.kept import decode_graph, encode_graph
from strop.project.libraries.library import Known
from strop.project.source import Reading
from strop.world.fork import can_fork, cores, fork_each

PORTION = 500_000  # bytes of source whose trees, with what is worked out of them, take some 50 MB
_SMALLEST = 400_000  # two halves of less are not worth two processes
_AT_ONCE = 2  # more would hold more memory at once

_Told = tuple[bytes, dict[str, Known]]  # what was found, and what libraries said
_Found = tuple[list[bytes], bytes]  # the results of files, in their order, and a graph
Learn = Callable[[Graph, Sequence[Entry]], None]


def read_portions(
    reading: Reading,
    portions: Sequence[Sequence[Entry]],
    noticers: tuple[Noticer, ...],
    learn: Learn | None = None,
) -> tuple[dict[str, bytes], Graph]:
    """The results of the files of these portions as they are kept, by file, and all that `learn` puts into a graph
    of what was looked at.

    Raises Problem T118 when a process ended without a result.
    """

    def work(place: int) -> bytes:
        graph = Graph()
        results = [encode_derived(reading.derive(entry, noticers)) for entry in portions[place]]
        if learn is not None:
            learn(graph, portions[place])
        found = zlib.compress(msgspec.msgpack.encode((results, encode_graph(graph))), 1)
        return msgspec.msgpack.encode((found, _said(reading)))

    def took(result: bytes) -> None:
        if reading.library is not None:
            reading.library.learn(msgspec.msgpack.decode(result, type=_Told)[1])

    told = fork_each([_about(each) for each in portions], work, min(_AT_ONCE, cores()), took)
    results: dict[str, bytes] = {}
    whole = Graph()
    for place, portion in enumerate(portions):
        packed, _ = msgspec.msgpack.decode(told[place], type=_Told)
        found, graph = msgspec.msgpack.decode(zlib.decompress(packed), type=_Found)
        told[place] = b""
        results.update(zip((entry.file for entry in portion), found, strict=True))
        whole.join(decode_graph(graph))
    return results, whole


def _said(reading: Reading) -> dict[str, Known]:
    """What libraries were asked for the first time."""
    library = reading.library
    return {name: library.answers[name] for name in library.fresh} if library is not None else {}


def divide(reading: Reading, entries: Sequence[Entry]) -> list[list[Entry]]:
    """Portions of about the same size, neighbours together; one where they are read here."""
    if not can_fork():
        return [list(entries)]
    sizes = [_size(reading, entry) for entry in entries]
    whole = sum(sizes)
    if whole < 2 * _SMALLEST:
        return [list(entries)]
    count = max(2, round(whole / PORTION))
    portions: list[list[Entry]] = [[]]
    read = 0
    for entry, size in zip(entries, sizes, strict=True):
        if portions[-1] and read >= whole * len(portions) / count:
            portions.append([])
        portions[-1].append(entry)
        read += size
    return portions


def _size(reading: Reading, entry: Entry) -> int:
    try:
        return (reading.root / entry.file).stat().st_size
    except OSError:
        return 0


def _about(portion: Sequence[Entry]) -> str:
    return f"{portion[0].file} to {portion[-1].file}"
