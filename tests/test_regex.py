"""An expression is compiled when it is first asked, and is then what `re.compile` makes."""

from __future__ import annotations

import re

import pytest

from strop.regex import regex


def test_is_compiled_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    compile_ = re.compile

    def count(text: str, flags: int = 0) -> re.Pattern[str]:
        compiled.append(text)
        return compile_(text, flags)

    monkeypatch.setattr(re, "compile", count)
    word = regex(r"\w+")
    assert compiled == []
    assert [word.findall("a b"), word.findall("c"), word.sub("-", "a b")] == [["a", "b"], ["c"], "- -"]
    assert compiled == [r"\w+"]


def test_takes_flags() -> None:
    found = regex("^b$", re.M | re.I).search("a\nB")
    assert found is not None
    assert found.start() == 2


def test_says_what_is_wrong_when_asked() -> None:
    broken = regex("(")
    with pytest.raises(re.error, match="unterminated subpattern"):
        broken.search("")
