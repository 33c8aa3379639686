"""When does each test of a suite run on the world's clock?

The moment follows from where the test stands and not from what ran before it: the same test has the same moment
when only a part of the suite runs, or when other tests are added in files that are left out by `--ignore`. Later
files and lines come later, at about the pace of a real run, so that what earlier tests left behind (rows, tokens
of a session) lies in the past. Only a test that is reached later than its moment has to start when it can.
"""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

_LINE = 0.01  # seconds
_BLOCK = 100  # lines: a file takes whole blocks, so that a small change moves no other file
_SKIPPED = frozenset({"node_modules", "site-packages", "venv", "build", "dist", "__pycache__"})


class Schedule:
    """Moments of tests, in seconds after the start of the clock."""

    def __init__(self, root: Path, patterns: Sequence[str], ignored: Iterable[str]) -> None:
        self._starts: dict[str, float] = {}
        self._end = 1.0  # what is collected and imported comes first
        without = {str(root / each) for each in ignored}
        for path in sorted(_find(str(root), patterns, without)):
            self._starts[os.path.relpath(path, root)] = self._end
            self._end += -(-_count_lines(path) // _BLOCK) * _BLOCK * _LINE

    def moment(self, file: str, line: int) -> float:
        """When the test at `line` of `file` (relative to the root) begins."""
        return self._starts.get(file, self._end) + line * _LINE


def _find(folder: str, patterns: Sequence[str], without: set[str]) -> Iterator[str]:
    with os.scandir(folder) as entries:
        for each in entries:
            if each.path in without or each.name.startswith(".") or each.name in _SKIPPED:
                continue
            if each.is_dir(follow_symlinks=False):
                yield from _find(each.path, patterns, without)
            elif any(fnmatch.fnmatch(each.name, pattern) for pattern in patterns):
                yield each.path


def _count_lines(path: str) -> int:
    return Path(path).read_bytes().count(b"\n") + 1
