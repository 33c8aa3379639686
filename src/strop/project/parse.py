"""How does a file become a tree, also when its syntax is newer than the Python that runs strop?

Places in the tree are places in the file, whichever way it was read.
"""

from __future__ import annotations

import ast
import io
import tokenize
import warnings
from pathlib import Path

from msgspec import Struct

from strop.project.newer import parse_newer
from strop.tree import module_tree


class Parsed(Struct, frozen=True):
    """One file: its tree, or why there is none."""

    file: str  # relative to the root, with slashes
    tree: ast.Module | None
    lines: tuple[str, ...]
    reason: str = ""


LARGEST = 5_000_000  # bytes
MOST_LINES = 200_000
_DEEPEST = 100  # levels of a tree
TOO_DEEP = "nested too deeply to be followed"


def parse_file(root: Path, path: Path) -> Parsed:
    """Read and parse one file; a file that can't be read comes back with the reason."""
    file = path.relative_to(root).as_posix()
    try:
        if path.stat().st_size > LARGEST:
            return Parsed(file, None, (), f"too large: more than {LARGEST // 1_000_000} MB")
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
    """Parse text; where the parser refuses it, syntax that is newer than this Python is written in older words."""
    lines = tuple(text.split("\n"))
    if len(lines) > MOST_LINES:
        return Parsed(file, None, lines, f"too large: more than {MOST_LINES:,} lines")
    try:
        return Parsed(file, _tree(text), lines)
    except SyntaxError as error:
        where = f"line {error.lineno}: " if error.lineno else ""
        return Parsed(file, None, lines, f"{where}{error.msg}")
    except (RecursionError, MemoryError):
        return Parsed(file, None, lines, TOO_DEEP)
    except ValueError as error:
        return Parsed(file, None, lines, str(error) or "not Python")


def _tree(text: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the target's own "\d" is not our concern
        try:
            return module_tree(text)
        except SyntaxError as refused:
            try:
                return parse_newer(text)
            except SyntaxError as error:
                raise (error if error.lineno else refused) from None


def is_deep(tree: ast.AST) -> bool:
    """Whether a tree has more levels than its readers, each a few calls a level, can go down."""
    level: list[ast.AST] = [tree]
    for _ in range(_DEEPEST):
        level = [child for node in level for child in ast.iter_child_nodes(node)]
        if not level:
            return False
    return True
