"""The lines around a finding: each file is read once, what can't be read is empty."""

from __future__ import annotations

from pathlib import Path

from strop.report.excerpt import Excerpt
from strop.span import Span

AROUND = 1  # lines before and after
MARKED = 4  # lines of a statement that are shown
LARGEST = 4_000_000  # bytes: nobody reads a line of such a file
WIDEST = 400  # characters of a line


class Texts:
    """The files of a project as lines."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lines: dict[str, tuple[str, ...]] = {}

    def lines(self, file: str) -> tuple[str, ...]:
        """The lines of a file below the root."""
        if file not in self._lines:
            self._lines[file] = self._read(file)
        return self._lines[file]

    def excerpt(self, span: Span) -> Excerpt | None:
        """The lines of a place and their neighbours; None where there are none."""
        lines = self.lines(span.file)
        if not 0 < span.line <= len(lines):
            return None
        last = min(max(span.line, span.end_line), len(lines))
        if last - span.line >= MARKED:  # a whole function: its head tells enough
            last = span.line
        first = max(span.line - AROUND, 1)
        shown = tuple(_cut(line.rstrip()) for line in lines[first - 1 : last + AROUND])
        return Excerpt(span.file, first, shown, tuple(range(span.line, last + 1)))

    def _read(self, file: str) -> tuple[str, ...]:
        path = self._root / file
        try:
            if path.stat().st_size > LARGEST:
                return ()
            return tuple(path.read_bytes().decode("utf-8-sig", errors="replace").split("\n"))
        except (OSError, ValueError):
            return ()


def _cut(line: str) -> str:
    return line if len(line) <= WIDEST else line[: WIDEST - 1] + "…"
