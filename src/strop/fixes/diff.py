"""A patch as a unified diff."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from strop.patch import Edit, Patch


def unified(patch: Patch) -> str:
    """The edits and the tests in the format of `git diff`, files in the order of their paths."""
    edits = sorted((*patch.edits, *patch.tests), key=lambda edit: edit.file)
    return "".join(line for edit in edits for line in _file(edit))


def _file(edit: Edit) -> Iterator[str]:
    old = "/dev/null" if edit.before is None else f"a/{edit.file}"
    lines = difflib.unified_diff(_lines(edit.before or ""), _lines(edit.after), old, f"b/{edit.file}")
    yield from map(_ended, lines)


def _lines(text: str) -> list[str]:
    """Lines that end at "\\n" only: form feeds and lone "\\r" are content."""
    parts = text.split("\n")
    return [f"{part}\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def _ended(line: str) -> str:
    return line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
