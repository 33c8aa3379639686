"""How are source and diffs shown? Lines cut into pieces, each with its kind; templates escape them."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from msgspec import Struct
from pygments.lexers.python import PythonLexer
from pygments.token import Comment, Keyword, Name, Number, String, _TokenType

from strop.report.excerpt import Excerpt

LINES = 160  # of one diff; the rest is in the commit
CHARS = 240  # of one line

_KINDS: tuple[tuple[_TokenType, str], ...] = (
    (Comment, "c"),
    (String, "s"),
    (Number, "m"),
    (Keyword, "k"),
    (Name.Decorator, "d"),
    (Name.Function, "f"),
    (Name.Class, "f"),
)
_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")


class Piece(Struct, frozen=True):
    """A piece of a line; `kind` is "" for plain text."""

    text: str
    kind: str = ""


class CodeLine(Struct, frozen=True):
    """A numbered line of source."""

    number: int
    pieces: tuple[Piece, ...]
    marked: bool


class DiffLine(Struct, frozen=True):
    """A line of a diff: file, hunk, add, remove, same or note; 0 where a side has no number."""

    kind: str
    old: int
    new: int
    pieces: tuple[Piece, ...]


class Diff(Struct, frozen=True):
    """A diff to be shown; `hidden` lines were cut."""

    lines: tuple[DiffLine, ...]
    hidden: int
    added: int
    removed: int


def read_excerpt(excerpt: Excerpt) -> tuple[CodeLine, ...]:
    """The excerpt's lines with Python's syntax told apart; other languages stay plain."""
    rows = _highlight(excerpt.lines) if excerpt.file.endswith((".py", ".pyi")) else _plain(excerpt.lines)
    return tuple(
        CodeLine(excerpt.first + index, pieces, excerpt.first + index in excerpt.marked)
        for index, pieces in enumerate(rows)
    )


def read_diff(text: str, wanted: Callable[[str], bool] = lambda file: True) -> Diff:
    """Unified diff text of the wanted files as lines; what differs inside a replaced line is marked."""
    lines = [line for file, line in _with_files(_number(text.splitlines())) if wanted(file)]
    kinds = Counter(line.kind for line in lines)
    shown = tuple(_mark_changes(lines[:LINES]))
    return Diff(shown, len(lines) - len(shown), kinds["add"], kinds["remove"])


def covers(text: str, excerpt: Excerpt) -> bool:
    """Whether the diff shows the lines of the excerpt that matter."""
    shown = {(file, line.old) for file, line in _with_files(_number(text.splitlines())) if line.old}
    return bool(excerpt.marked) and all((excerpt.file, number) in shown for number in excerpt.marked)


def cut(text: str) -> str:
    """The line, ended where nobody reads on."""
    return text if len(text) <= CHARS else text[: CHARS - 1] + "…"


def _plain(lines: tuple[str, ...]) -> Iterator[tuple[Piece, ...]]:
    return ((Piece(cut(line)),) for line in lines)


def _highlight(lines: tuple[str, ...]) -> Iterator[tuple[Piece, ...]]:
    """The lexer sees all lines at once, so that strings over several lines are known."""
    lexer = PythonLexer(stripnl=False, ensurenl=False)
    row: list[Piece] = []
    for token, text in lexer.get_tokens("\n".join(cut(line.replace("\n", " ")) for line in lines)):
        for index, part in enumerate(text.split("\n")):
            if index:
                yield tuple(row)
                row = []
            if part:
                row.append(Piece(part, _kind(token)))
    yield tuple(row)


def _kind(token: _TokenType) -> str:
    return next((kind for parent, kind in _KINDS if _is_within(token, parent)), "")


def _is_within(token: _TokenType, parent: _TokenType) -> bool:
    """Whether the token is the parent or one of its kinds; a token type is the tuple of its path."""
    return token[: len(parent)] == parent


def _number(rows: list[str]) -> Iterator[DiffLine]:
    old = new = 0
    inside = False
    for row in rows:
        if hunk := _HUNK.match(row):
            old, new, inside = int(hunk[1]), int(hunk[2]), True
            yield DiffLine("hunk", 0, 0, (Piece(cut(row)),))
        elif row.startswith(("diff ", "index ", "new file", "deleted file", "similarity", "rename ")):
            inside = False
        elif not inside or row.startswith(("--- a/", "+++ b/", "--- /dev/null", "+++ /dev/null")):
            if row.startswith("+++"):
                yield DiffLine("file", 0, 0, (Piece(cut(row[4:].removeprefix("b/"))),))
        elif row.startswith("+"):
            yield DiffLine("add", 0, new, (Piece(cut(row[1:])),))
            new += 1
        elif row.startswith("-"):
            yield DiffLine("remove", old, 0, (Piece(cut(row[1:])),))
            old += 1
        elif row.startswith("\\"):
            yield DiffLine("note", 0, 0, (Piece(cut(row)),))
        else:
            yield DiffLine("same", old, new, (Piece(cut(row[1:])),))
            old, new = old + 1, new + 1


def _with_files(lines: Iterable[DiffLine]) -> Iterator[tuple[str, DiffLine]]:
    file = ""
    for line in lines:
        file = line.pieces[0].text if line.kind == "file" else file
        yield file, line


def _mark_changes(lines: list[DiffLine]) -> Iterator[DiffLine]:
    """Pair each removed line with the added one that replaces it and mark the words that differ."""
    index = 0
    while index < len(lines):
        removed = _run(lines, index, "remove")
        added = _run(lines, index + len(removed), "add")
        if removed and len(removed) == len(added):
            pairs = [_pair(*pair) for pair in zip(removed, added, strict=True)]
            yield from (pair[0] for pair in pairs)
            yield from (pair[1] for pair in pairs)
        elif removed or added:
            yield from (*removed, *added)
        else:
            yield lines[index]
        index += max(len(removed) + len(added), 1)


def _run(lines: list[DiffLine], start: int, kind: str) -> list[DiffLine]:
    end = start
    while end < len(lines) and lines[end].kind == kind:
        end += 1
    return lines[start:end]


def _pair(before: DiffLine, after: DiffLine) -> tuple[DiffLine, DiffLine]:
    old, new = (re.findall(r"\w+|\s+|[^\w\s]", line.pieces[0].text) for line in (before, after))
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    if matcher.ratio() < 0.4:
        return before, after
    left: list[Piece] = []
    right: list[Piece] = []
    for tag, i1, i2, j1, j2 in _slide(matcher.get_opcodes(), old, new):
        kind = "" if tag == "equal" else "changed"
        left += [Piece("".join(old[i1:i2]), kind)] if i1 < i2 else []
        right += [Piece("".join(new[j1:j2]), kind)] if j1 < j2 else []
    return (
        DiffLine(before.kind, before.old, before.new, tuple(left)),
        DiffLine(after.kind, after.old, after.new, tuple(right)),
    )


_Opcode = tuple[str, int, int, int, int]


def _slide(opcodes: Sequence[_Opcode], old: list[str], new: list[str]) -> list[_Opcode]:
    """Move an insertion or a deletion that begins with a closing bracket past it, where people see it."""
    moved: list[_Opcode] = []
    shift = 0
    for tag, i1, i2, j1, j2 in opcodes:
        i1, j1, shift = i1 + shift, j1 + shift, 0
        changed, at, end = (new, j1, j2) if tag == "insert" else (old, i1, i2)
        between = tag in ("insert", "delete") and moved and moved[-1][0] == "equal" and end < len(changed)
        if between and changed[at] in ")]}" and changed[at] == changed[end]:
            _, before_i1, before_i2, before_j1, before_j2 = moved[-1]
            moved[-1] = ("equal", before_i1, before_i2 + 1, before_j1, before_j2 + 1)
            i1, i2, j1, j2, shift = i1 + 1, i2 + 1, j1 + 1, j2 + 1, 1
        moved.append((tag, i1, i2, j1, j2))
    return moved
