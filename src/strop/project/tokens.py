"""Which words does a file consist of, told without knowing the grammar of one Python?

The standard tokenizer takes the strings of its own version only; this one takes strings inside strings.
"""

from __future__ import annotations

import ast
import re
from typing import Literal

from msgspec import Struct

from strop.regex import regex
from strop.tree import expression_tree


class Field(Struct, frozen=True):
    """A replacement field `{...}`: where its expression stands, and what follows it."""

    start: int
    end: int
    shows: str = ""  # of `{x = }`
    conversion: str = ""
    spec: tuple[Piece, ...] | None = None


Piece = str | Field


class Text(Struct, frozen=True):
    """A formatted string: where what is between its quotes stands, and its pieces."""

    prefix: str
    quote: str
    start: int
    end: int
    pieces: tuple[Piece, ...]
    is_newer: bool  # fields of this kind came with Python 3.12 or later

    def value(self, piece: str) -> str:
        """What a piece of text stands for."""
        raw = "r" if "r" in self.prefix.lower() else ""
        try:
            return str(ast.literal_eval(expression_tree(f"{raw}{self.quote}{piece}{self.quote}")))
        except (SyntaxError, ValueError):
            return piece


class Token(Struct, frozen=True):
    """One word; line ends inside brackets are none."""

    kind: Literal["name", "string", "sign"]
    text: str
    start: int
    end: int
    string: Text | None = None


_BLANK = regex(r"(?:[ \t\f\r]|\\\r?\n|#[^\n]*)+")
_QUOTE = regex(r"([a-zA-Z]{0,2})(\"\"\"|'''|\"|')")
_WORD = regex(r"[^\W\d]\w*|\d[\w.]*|\*\*|->|:=|[!=<>]=|.|\n", re.DOTALL)
_PREFIXES = frozenset(("", "r", "b", "u", "f", "t", "br", "rb", "fr", "rf", "tr", "rt"))
_DEEP = 2  # specs inside of specs that every Python takes
_NESTED = 60  # strings inside of strings: nobody wrote more


def split(text: str) -> list[Token]:
    """The tokens of a file. Raises SyntaxError with the line of a string that never ends."""
    scanner = _Scanner(text)
    tokens: list[Token] = []
    depth = at = 0
    while at < len(text):
        token, at = scanner.token(at)
        if token is None:
            continue
        depth += (token.text in ("(", "[", "{")) - (token.text in (")", "]", "}"))
        if token.text != "\n" or depth <= 0:
            tokens.append(token)
    return tokens


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.nested = 0

    def token(self, at: int) -> tuple[Token | None, int]:
        """The token at a place (none for blanks and comments) and the place after it."""
        if blank := _BLANK.match(self.text, at):
            return None, blank.end()
        quote = _QUOTE.match(self.text, at)
        if quote is not None and quote[1].lower() in _PREFIXES:
            formatted = set("ftFT") & set(quote[1])
            string = self.formatted(quote[1], quote[2], quote.end()) if formatted else None
            end = string.end + len(quote[2]) if string else self.plain(quote[2], quote.end())
            return Token("string", "", at, end, string), end
        word = _WORD.match(self.text, at)
        assert word is not None  # it takes any character
        kind: Literal["name", "sign"] = "name" if word[0].isidentifier() else "sign"
        return Token(kind, word[0], at, word.end()), word.end()

    def plain(self, quote: str, at: int) -> int:
        """The end of a string without fields."""
        start = at
        while at < len(self.text):
            if self.text.startswith(quote, at):
                return at + len(quote)
            if len(quote) == 1 and self.text[at] == "\n":
                break
            at += 2 if self.text[at] == "\\" else 1
            if self.text[at - 1 : at + 1] == "\r\n" and self.text[at - 2] == "\\":
                at += 1
        raise self.unended(start)

    def unended(self, at: int) -> SyntaxError:
        """What is said of a string without an end."""
        return SyntaxError("unterminated string literal", ("", self.text.count("\n", 0, at) + 1, 0, ""))

    def formatted(self, prefix: str, quote: str, at: int) -> Text:
        """A string with fields, from after its first quote."""
        self.nested += 1
        if self.nested > _NESTED:
            raise SyntaxError("nested too deeply", ("", self.text.count("\n", 0, at) + 1, 0, ""))
        body = _Formatted(self, "r" in prefix.lower(), quote)
        pieces, end = body.pieces(at, 0)
        self.nested -= 1
        return Text(prefix, quote, at, end, pieces, body.is_newer)


class _Formatted:
    """One formatted string while it is read."""

    def __init__(self, scanner: _Scanner, raw: bool, quote: str) -> None:
        self.scanner = scanner
        self.text = scanner.text
        self.raw = raw
        self.quote = quote
        self.is_newer = False

    def pieces(self, at: int, depth: int) -> tuple[tuple[Piece, ...], int]:
        """The pieces of a string, or of a spec when it is inside of a field; and where they end."""
        found: list[Piece] = []
        words: list[str] = []
        text, start = self.text, at
        while True:
            if at >= len(text) or (text[at] == "\n" and len(self.quote) == 1):
                raise self.scanner.unended(start)
            if (depth and text[at] == "}") or text.startswith(self.quote, at):
                break
            if text[at] == "{" and (depth or text[at + 1 : at + 2] != "{"):
                if words:
                    found.append("".join(words))
                    words = []
                field, at = self.field(at + 1, depth + 1)
                found.append(field)
                continue
            width, word = self.word(at)
            words.append(word)
            at += width
        if words:
            found.append("".join(words))
        return tuple(found), at

    def word(self, at: int) -> tuple[int, str]:
        """The width of the next bit of text, and how it is written in a string without fields."""
        text = self.text
        two = text[at : at + 2]
        if two in ("{{", "}}"):
            return 2, two[0]
        if text[at] == "\\" and not self.raw and text.startswith("N{", at + 1):
            end = text.find("}", at)
            if end > 0:
                return end + 1 - at, text[at : end + 1]
        if text.startswith("\\\r\n", at):
            return 3, "\\\n"
        if text[at] == "\\" and text[at + 1 : at + 2] not in ("{", "}"):
            return 2, two
        return 1, text[at]

    def field(self, start: int, depth: int) -> tuple[Field, int]:
        """A field, from after its `{`, and the place after its `}`."""
        text, at, open_, shown = self.text, start, 0, -1
        self.is_newer |= depth > _DEEP
        while at < len(text):
            token, after = self.scanner.token(at)
            word = token.text if token is not None else ""
            if not open_ and word in ("}", ":", ":=", "!"):
                break
            if word == "=" and not open_:
                shown = at
            elif token is not None:
                shown = -1
            if token is not None and token.string is not None:
                self.is_newer |= token.string.is_newer or "t" in token.string.prefix.lower()
            open_ += (word in ("(", "[", "{")) - (word in (")", "]", "}"))
            at = after
        else:
            raise self.scanner.unended(start)
        self.judge(text[start:at])
        end, shows = (shown, text[start:at]) if shown >= 0 else (at, "")
        conversion, spec = "", None
        if text[at] == "!":
            conversion = text[at + 1 : at + 2]
            at += 2
        if text[at : at + 1] == ":":
            spec, at = self.pieces(at + 1, depth)
        if text[at : at + 1] != "}":
            raise SyntaxError("expecting '}'", ("", text.count("\n", 0, at) + 1, 0, ""))
        return Field(start, end, shows, conversion, spec), at + 1

    def judge(self, expression: str) -> None:
        """Whether older Pythons refuse such a field."""
        refused = "\\" in expression or "#" in expression or self.quote in expression
        inner_star = re.search(r"[\[({]\s*\*[^,]*\bfor\b", expression) is not None
        self.is_newer |= refused or inner_star or ("\n" in expression and len(self.quote) == 1)
