"""Which parts of a statement are values? Brings every driver's placeholders to one spelling."""

from __future__ import annotations

import re

from strop.regex import regex

_TOKEN = regex(
    r"""
      (?P<quoted>'(?:[^']|'')*'|"(?:[^"]|"")*"|`[^`]*`)
    | (?P<comment>--[^\n]*|/\*.*?\*/)
    | (?P<expanding>__\[POSTCOMPILE_[^\]]*\])
    | (?P<named>%\([^)]*\)s|(?<!%)%s|\$\d+|(?<![:\w\]])[:@][A-Za-z_]\w*|(?<![:\w\]]):\d+)
    | (?P<escaped>%%)
    | (?P<number>(?<![\w$.])\d+(?:\.\d+)?(?:[eE][+-]?\d+)?\b)
    """,
    re.VERBOSE | re.DOTALL,
)
_SPACE = regex(r"\s+")
_LIST = regex(r"\(\s*\?(?:\s*,\s*\?)+\s*\)")
_ROWS = regex(r"(\(\?\))(?:\s*,\s*\(\?\))+")
_CAST = regex(r"\?::[A-Za-z_]+(?:\s*\[\])?")


def neutral(text: str) -> str:
    """The statement for one parser: named and numbered placeholders written `:p`, comments dropped."""

    def one(match: re.Match[str]) -> str:
        match match.lastgroup:
            case "comment":
                return " "
            case "expanding" | "named":
                return ":p"  # sqlglot reads it in every dialect, also before a cast, where it refuses `?`
            case "escaped":
                return "%"
        return match.group()

    return _TOKEN.sub(one, text)


def normal(text: str) -> str:
    """What is left when values are taken out: two statements that differ in values alone have the same text.

    Literals and placeholders become `?`, lists of values and rows of an INSERT one of them, space one blank.
    """

    def one(match: re.Match[str]) -> str:
        word = match.group()
        match match.lastgroup:
            case "comment":
                return " "
            case "quoted":
                return "?" if word.startswith("'") else word
            case "escaped":
                return "%"
        return "?"

    plain = _CAST.sub("?", _TOKEN.sub(one, text))
    return _ROWS.sub(r"\1", _LIST.sub("(?)", _SPACE.sub(" ", plain).strip()))
