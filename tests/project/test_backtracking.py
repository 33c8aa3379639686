"""Patterns whose loops go over one text in two ways are told from those that look alike."""

import re

import pytest

from strop.project.backtracking import attack

SLOW = [
    (r"(a+)+$", "search"),
    (r"^(\w+\s?)*$", "match"),
    (r"([a-z0-9]+[-_.]?)+@", "search"),
    (r"(\d+,?)+", "fullmatch"),
    (r"^(ab|a|b)+!$", "match"),
    (r"(?i)^(Ab|aB?|b)+c$", "match"),
    (r"((a{1,3})+)+b", "search"),
    (r"ON\s*\((?:[^()]*|\([^()]*\))*\)", "search"),
]
QUICK = [
    (r"(a+)+", "search"),  # nothing after the loop can fail
    (r"^\w+(\s\w+)*$", "match"),
    (r"^[\w.-]+@[\w-]+\.[a-z]+$", "match"),
    (r'"(?:[^"\\]|\\.)*"', "search"),
    (r"^[a-z0-9]+(?:-[a-z0-9]+)*$", "match"),
    (r"(?:a|b)+$", "search"),
    (r"^(?:[a-z]|\w)+!$", "match"),  # becomes one set of letters
    (r"(.*)*$", "search"),  # the rest takes everything
    (r"^(?:a?){20}a{20}$", "match"),
    (r"^(?>\w+\s?)*$", "match"),  # gives nothing back
    (r"(\w+)\1+$", "search"),  # unknown: left alone
    (r"(", "search"),
]


@pytest.mark.parametrize(("pattern", "how"), SLOW)
def test_slow(pattern: str, how: str) -> None:
    found = attack(pattern, 0, how)
    assert found is not None
    assert getattr(re.compile(pattern), how)(found.start + found.pump * 6 + found.end) is None


@pytest.mark.parametrize(("pattern", "how"), QUICK)
def test_quick(pattern: str, how: str) -> None:
    assert attack(pattern, 0, how) is None


def test_attack_is_shown_as_python_writes_it() -> None:
    found = attack(r"^x(a+)+\n$")
    assert found is not None
    assert eval(found.text) == found.start + found.pump * 40 + found.end
