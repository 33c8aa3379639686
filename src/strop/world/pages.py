"""SQLite files by their pages: which differ, which rows lie on them, and putting them back in place.

Comparing whole tables costs half a second where one row changed; the pages that differ say where to
look. The format is that of https://sqlite.org/fileformat2.html (b-tree leaf pages, the header's change
counter). A file with a write-ahead log is not handled here.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec import Struct

HEADER = 100  # bytes of the file header on page 1
COUNTER = slice(24, 28)  # the change counter, which every commit increments
COOKIE = slice(40, 44)  # the schema's version, by which connections know that they must read it again
VALID_FOR = slice(92, 96)  # the change counter for which the header's page count holds
WAL = 2  # the header's read and write version in write-ahead mode
TABLE_LEAF = 0x0D
TREE_PAGES = frozenset({0x02, 0x05, 0x0A, TABLE_LEAF})
STEP = 64  # pages that are read at once


class NotPlain(Exception):
    """The pages alone don't say which rows differ."""


class Page(Struct, frozen=True):
    """One page in both files; empty where a file ends before it."""

    number: int
    now: bytes
    kept: bytes


def counter(path: Path) -> tuple[int, int]:
    """Change counter and size of a file: equal as long as nobody committed."""
    with path.open("rb") as file:
        head = file.read(HEADER)
    return int.from_bytes(head[COUNTER]), path.stat().st_size


def is_wal(path: Path) -> bool:
    """Whether the file is in write-ahead mode."""
    with path.open("rb") as file:
        head = file.read(HEADER)
    return len(head) == HEADER and WAL in (head[18], head[19])


def differing(path: Path, kept: Path) -> tuple[Page, ...]:
    """Pages whose bytes differ; the counters in the file header don't count."""
    return tuple(_differing(path, kept))


def _differing(path: Path, kept: Path) -> Iterator[Page]:
    with path.open("rb") as one, kept.open("rb") as other:
        size = _page_size(one.read(HEADER)) or _page_size(other.read(HEADER)) or 4096
        one.seek(0)
        other.seek(0)
        number = 1
        while True:
            ours, theirs = one.read(size * STEP), other.read(size * STEP)
            if not ours and not theirs:
                return
            if ours != theirs:
                yield from _pages(number, size, ours, theirs)
            number += STEP


def _pages(first: int, size: int, ours: bytes, theirs: bytes) -> Iterator[Page]:
    for place in range(STEP):
        now, kept = ours[place * size : (place + 1) * size], theirs[place * size : (place + 1) * size]
        number = first + place
        if _plain(number, now) != _plain(number, kept):
            yield Page(number, now, kept)


def _plain(number: int, page: bytes) -> bytes:
    """The page without the counters of the file header."""
    if number > 1:
        return page
    return page[: COUNTER.start] + page[COUNTER.stop : COOKIE.start] + page[COOKIE.stop : 92] + page[HEADER:]


def _page_size(head: bytes) -> int:
    size = int.from_bytes(head[16:18]) if len(head) >= HEADER else 0
    return 65536 if size == 1 else size


def rowids(pages: Sequence[Page]) -> frozenset[int]:
    """Every rowid on a table leaf among the pages, in either file: no other row can differ.

    Raises NotPlain when a page is not of a b-tree (the tail of a long row, or free).
    """
    found: set[int] = set()
    for page in pages:
        for data in filter(None, (page.now, page.kept)):
            start = HEADER if page.number == 1 else 0
            if data[start] not in TREE_PAGES:
                raise NotPlain(f"page {page.number}")
            if data[start] == TABLE_LEAF:
                found |= set(_leaf_rowids(data, start))
    return frozenset(found)


def share_cookie(path: Path, kept: Path) -> None:
    """Give the kept copy the schema version of the file: from then on, differing ones mean a changed schema."""
    with path.open("rb") as file:
        cookie = file.read(HEADER)[COOKIE]
    if cookie:
        with kept.open("r+b") as file:
            file.seek(COOKIE.start)
            file.write(cookie)


def _leaf_rowids(data: bytes, start: int) -> Iterator[int]:
    cells = int.from_bytes(data[start + 3 : start + 5])
    for index in range(cells):
        place = start + 8 + 2 * index
        cell = int.from_bytes(data[place : place + 2])
        _, cell = _varint(data, cell)  # the payload's length
        rowid, _ = _varint(data, cell)
        yield rowid - (1 << 64) if rowid >= 1 << 63 else rowid


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = 0
    for step in range(9):
        byte = data[place + step]
        if step == 8:
            return (value << 8) | byte, place + 9
        value = (value << 7) | (byte & 0x7F)
        if byte < 0x80:
            return value, place + step + 1
    raise AssertionError("a varint has nine bytes at most")


def put_back(path: Path, pages: Sequence[Page], size: int, timeout: float) -> None:
    """Write the kept bytes of the pages into the file under SQLite's exclusive lock, and cut it to `size`.

    The change counter goes on from the file's own, so that open connections drop what they have cached; so
    does the schema's version where it moved, because the old number would soon stand for another schema.
    Raises sqlite3.OperationalError when the lock is not to be had within `timeout` seconds.
    """
    lock = sqlite3.connect(path, timeout=timeout, isolation_level=None)
    # Closing any descriptor of the file releases this process's locks on it, so it is closed last.
    descriptor = os.open(path, os.O_RDWR)
    try:
        lock.execute("begin exclusive")
        head = os.pread(descriptor, HEADER, 0).ljust(HEADER, b"\0")
        step = _page_size(head) or max(len(page.kept) for page in pages)
        for page in pages:
            if page.kept:
                os.pwrite(descriptor, page.kept, (page.number - 1) * step)
        os.ftruncate(descriptor, size)
        following = _after(head[COUNTER])
        for place in (COUNTER, VALID_FOR):
            os.pwrite(descriptor, following, place.start)
        if os.pread(descriptor, HEADER, 0)[COOKIE] != head[COOKIE]:
            os.pwrite(descriptor, _after(head[COOKIE]), COOKIE.start)
        lock.execute("rollback")
    finally:
        lock.close()
        os.close(descriptor)


def _after(number: bytes) -> bytes:
    return ((int.from_bytes(number) + 1) % (1 << 32)).to_bytes(4)
