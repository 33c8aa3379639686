"""How does a Python that is older than the syntax of a file still get its tree?

What is new is written in older words of the same width: every line stays where it is, and every column that a tree
names too. Replacement fields of strings are read one by one and put into the tree afterwards.
"""

from __future__ import annotations

import ast
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate

from msgspec import Struct, field

from strop.project.tokens import Field, Piece, Text, Token, split
from strop.regex import regex
from strop.tree import module_tree

_OPEN, _SHUT = frozenset("([{"), frozenset(")]}")
_FILL = "\x7f"  # stands for what a string had; no source has it
_BLANKED = regex("([\ue000-\uf8fe])\x7f*(?:\\\\?\n\x7f*)*")
_MARKS = (0xE000, 0xF8FF)  # characters without a meaning; one tells which string it was


class _Rewrite(Struct):
    """One file: what is put in place of what, and what is put right in the tree afterwards."""

    text: str
    edits: list[tuple[int, int, str]] = field(default_factory=list)
    strings: dict[str, Text] = field(default_factory=dict)
    names: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)  # of `type` statements
    starts: list[int] = field(default_factory=list)  # of the lines
    marks: list[str] = field(default_factory=list)  # those not in use

    def __post_init__(self) -> None:
        self.starts = [0, *accumulate(len(line) + 1 for line in self.text.split("\n"))]
        used = set(self.text)
        self.marks = [mark for mark in map(chr, range(*_MARKS)) if mark not in used]

    def place(self, at: int) -> tuple[int, int]:
        """Line and column as a tree has them: from 1, and in bytes of UTF-8 from 0."""
        line = bisect_right(self.starts, at)
        return line, len(self.text[self.starts[line - 1] : at].encode())

    def older(self) -> str:
        """The text with all edits."""
        parts, done = [], 0
        for start, end, put in sorted(self.edits):
            parts += [self.text[done:start], put]
            done = end
        return "".join((*parts, self.text[done:]))


def parse_newer(text: str) -> ast.Module:
    """The tree of a text that `ast.parse` refuses. Raises SyntaxError with the line of what is still refused."""
    rewrite = _Rewrite(text)
    _walk(rewrite, split(text))
    if not rewrite.edits:
        raise SyntaxError("nothing newer in it")
    tree = module_tree(rewrite.older())
    if rewrite.strings or rewrite.names:
        for node in list(ast.walk(tree)):
            if isinstance(node, ast.JoinedStr) and rewrite.strings:
                node.values = list(_filled(rewrite, node))
            elif isinstance(node, ast.Assign) and rewrite.names:
                _put_right(rewrite, node)
    return tree


def _walk(rewrite: _Rewrite, tokens: list[Token]) -> None:
    """Find what is newer."""
    stars: list[Token | None] = []  # of each open bracket: the star its first element begins with
    at, starts = 0, True  # whether a statement may start here
    while at < len(tokens):
        token = tokens[at]
        if token.kind == "string":
            _string(rewrite, token)
        elif token.text in _OPEN:
            stars.append(
                tokens[at + 1] if tokens[at + 1 : at + 2] and tokens[at + 1].text in ("*", "**") else None
            )
        elif token.text in _SHUT and stars:
            stars.pop()
        elif token.text == "," and stars:
            stars[-1] = None
        elif token.text == "for" and stars and (star := stars[-1]) is not None:
            rewrite.edits.append((star.start, star.end, " " * len(star.text)))
        elif not stars:
            at = _statement(rewrite, tokens, at, starts)
        starts = not stars and token.text in ("\n", ";", ":")
        at += 1


def _statement(rewrite: _Rewrite, tokens: list[Token], at: int, starts: bool) -> int:
    """What is newer outside of brackets; the place of the last token that is done with."""
    word = tokens[at].text
    after = [t.text if t.kind != "name" else "name" for t in tokens[at + 1 : at + 3]]
    if word in ("def", "class") and after == ["name", "["]:
        return _parameters(rewrite, tokens, at + 2)
    if word == "type" and starts and after[:1] == ["name"] and after[1:] in (["["], ["="]):
        return _alias(rewrite, tokens, at)
    if word == "lazy" and starts and after and tokens[at + 1].text in ("import", "from"):
        start, that = tokens[at].start, tokens[at + 1]
        rewrite.edits.append((start, that.end, that.text.ljust(that.end - start)))
        return at + 1
    if word == "except":
        _except(rewrite, tokens, at)
    return at


def _parameters(rewrite: _Rewrite, tokens: list[Token], at: int) -> int:
    """Blank the brackets that open at this token."""
    end = _closing(tokens, at)
    start, stop = tokens[at].start, tokens[end].end
    rewrite.edits.append((start, stop, _blank(rewrite.text[start:stop])))
    return end


def _blank(text: str) -> str:
    """Spaces, with the line ends escaped."""
    *lines, last = text.split("\n")
    widths = [len(line.rstrip("\r").encode()) for line in lines]
    return "".join(" " * (width - 1) + "\\\n" for width in widths) + " " * len(last.encode())


def _closing(tokens: list[Token], at: int) -> int:
    depth = 0
    for place in range(at, len(tokens)):
        depth += (tokens[place].text in _OPEN) - (tokens[place].text in _SHUT)
        if depth == 0:
            return place
    raise SyntaxError("a bracket is never closed")


def _alias(rewrite: _Rewrite, tokens: list[Token], at: int) -> int:
    """`type X = ...` becomes `X      = ...`."""
    word, name = tokens[at], tokens[at + 1]
    (line, column), (of_name, begin) = rewrite.place(word.start), rewrite.place(name.start)
    if line != of_name:
        return at
    rewrite.edits.append((word.start, name.end, name.text + " " * (name.start - word.start)))
    rewrite.names[line, column] = (begin, begin + len(name.text.encode()))
    return _parameters(rewrite, tokens, at + 2) if tokens[at + 2].text == "[" else at + 2


def _put_right(rewrite: _Rewrite, node: ast.Assign) -> None:
    found = rewrite.names.get((node.lineno, node.col_offset))
    if found is not None:
        node.targets[0].col_offset, node.targets[0].end_col_offset = found


def _except(rewrite: _Rewrite, tokens: list[Token], at: int) -> None:
    """`except A, B:` becomes `except(A, B):`; brackets take the place of blanks where there are some."""
    first = at + 2 if tokens[at + 1 : at + 2] and tokens[at + 1].text == "*" else at + 1
    depth, several = 0, False
    for place in range(first, len(tokens)):
        word = tokens[place].text
        depth += (word in _OPEN) - (word in _SHUT)
        if depth:
            continue
        if word == ":":
            break
        if word in ("as", "\n", ";"):
            return
        several = several or word == ","
    else:
        return
    if several:
        text, begin, end = rewrite.text, tokens[first].start, tokens[place].start
        rewrite.edits.append((begin - (text[begin - 1] in " \t"), begin, "("))
        before = text[end - 1] in " \t"
        after = not before and text[end + 1 : end + 2] in (" ", "\t")
        rewrite.edits.append((end - before, end + 1 + after, "):"))


def _string(rewrite: _Rewrite, token: Token) -> None:
    """Blank a string whose fields are newer; a template is read as a formatted string."""
    string = token.string
    if string is None:
        return
    prefix = string.prefix.replace("t", "f").replace("T", "f")
    if not string.is_newer:
        if prefix != string.prefix:
            rewrite.edits.append((token.start, token.start + len(prefix), prefix))
        return
    if not rewrite.marks:
        raise SyntaxError(
            "too many strings newer than this Python", ("", rewrite.place(token.start)[0], 0, "")
        )
    mark = rewrite.marks.pop()
    rewrite.strings[mark] = string
    lines = rewrite.text[string.start : string.end].split("\n")
    escape = "\\" if len(string.quote) == 1 else ""
    filled = []
    for number, line in enumerate(lines):
        head = "" if number else mark
        tail = escape + "\n" if number < len(lines) - 1 else ""
        width = len(line.rstrip("\r").encode()) - len(head.encode()) - len(tail.strip("\n"))
        filled.append(head + _FILL * width + tail)
    rewrite.edits.append((token.start, token.end, prefix + "".join((string.quote, *filled, string.quote))))


def _filled(rewrite: _Rewrite, node: ast.JoinedStr) -> Iterator[ast.expr]:
    """The parts of a string, the blanked ones as they were."""
    for part in node.values:
        value = part.value if isinstance(part, ast.Constant) else None
        if not isinstance(value, str):
            yield part
            continue
        done = 0
        for match in _BLANKED.finditer(value):
            string = rewrite.strings.get(match[1])
            if string is None:
                continue
            if match.start() > done:
                yield ast.copy_location(ast.Constant(value[done : match.start()]), node)
            yield from _pieces(rewrite, string, string.pieces, node)
            done = match.end()
        if value[done:]:
            yield ast.copy_location(ast.Constant(value[done:]), node)


def _pieces(
    rewrite: _Rewrite, string: Text, pieces: tuple[Piece, ...], node: ast.JoinedStr
) -> Iterator[ast.expr]:
    for piece in pieces:
        if isinstance(piece, str):
            yield ast.copy_location(ast.Constant(string.value(piece)), node)
            continue
        if piece.shows:
            yield ast.copy_location(ast.Constant(piece.shows), node)
        value = _expression(rewrite, piece)
        spec = None
        if piece.spec is not None:
            values = list(_pieces(rewrite, string, piece.spec, node))
            spec = ast.copy_location(ast.JoinedStr(values), node)
        conversion = ord(piece.conversion) if piece.conversion else -1
        if piece.shows and not piece.conversion and spec is None:
            conversion = ord("r")
        yield ast.copy_location(ast.FormattedValue(value, conversion, spec), node)


def _expression(rewrite: _Rewrite, piece: Field) -> ast.expr:
    """The tree of a replacement field, at its place in the file."""
    line, column = rewrite.place(piece.start)
    text = "(" + " " * (column - 1) + rewrite.text[piece.start : piece.end] + "\n)"
    try:
        tree = module_tree(text)
    except SyntaxError as error:
        try:
            tree = parse_newer(text)
        except SyntaxError:
            raise SyntaxError(error.msg, ("", line + (error.lineno or 1) - 1, 0, "")) from error
    match tree.body:
        case [ast.Expr(value=value)]:
            ast.increment_lineno(value, line - 1)
            return value
    raise SyntaxError("an empty replacement field", ("", line, 0, ""))
