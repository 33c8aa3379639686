"""How does a file become a tree, also when its syntax is newer than the Python that runs strop?

The rewrites keep every line where it is, so places in the tree are places in the file.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Parsed:
    """One file: its tree, or why there is none."""

    file: str  # relative to the root, with slashes
    tree: ast.Module | None
    lines: tuple[str, ...]
    reason: str = ""


_EXCEPT = re.compile(r"^(\s*except\*?\s+)([^():#]+,[^():#]+?)(\s*:)")
_GENERIC = re.compile(r"^(\s*(?:async\s+def|def|class)\s+\w+)\[")
_ALIAS = re.compile(r"^(\s*)type(\s+\w+)(\[[^=]*\])?(\s*=)")


def parse_file(root: Path, path: Path) -> Parsed:
    """Read and parse one file; a file that can't be read comes back with the reason."""
    file = path.relative_to(root).as_posix()
    try:
        text = decode(path.read_bytes())
    except OSError as error:
        return Parsed(file, None, (), f"cannot be read: {error.strerror}")
    except (UnicodeDecodeError, LookupError, SyntaxError) as error:
        return Parsed(file, None, (), f"cannot be read as text: {error}")
    return parse_text(file, text)


def decode(data: bytes) -> str:
    """The text of a file: UTF-8, unless its first lines name another encoding as PEP 263 has it.

    Raises UnicodeDecodeError, or LookupError or SyntaxError for an encoding that there is none of.
    """
    if b"coding" not in data[:400]:
        return data.decode("utf-8-sig")
    encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
    return data.decode(encoding)


def parse_text(file: str, text: str) -> Parsed:
    """Parse text; newer syntax is rewritten line by line where the parser refuses it."""
    reason = ""
    for candidate in (text, _older(text)):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # the target's own "\d" is not our concern
                tree = ast.parse(candidate)
        except SyntaxError as error:
            reason = reason or f"line {error.lineno}: {error.msg}"
        except (ValueError, RecursionError, MemoryError) as error:
            reason = reason or str(error)
        else:
            return Parsed(file, tree, tuple(candidate.split("\n")))
    return Parsed(file, None, tuple(text.split("\n")), reason)


def _older(text: str) -> str:
    """The same program in older syntax: `except A, B:`, `def f[T]()`, `type X = ...`."""
    return "\n".join(_older_line(line) for line in text.split("\n"))


def _older_line(line: str) -> str:
    line = _EXCEPT.sub(r"\1(\2)\3", line)
    line = _ALIAS.sub(lambda m: m[1] + m[2].strip() + m[4], line)
    if match := _GENERIC.match(line):
        line = match[1] + _after_bracket(line, match.end())
    return line


def _after_bracket(line: str, start: int) -> str:
    depth = 1
    for place in range(start, len(line)):
        depth += {"[": 1, "]": -1}.get(line[place], 0)
        if depth == 0:
            return line[place + 1 :]
    return "[" + line[start:]
