"""Comments that ignore findings: where they stand, what they name, and what only looks like one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strop.project.ignores import Ignore, read_ignores


def read(text: str) -> tuple[Ignore, ...]:
    return read_ignores(text.split("\n"))


@pytest.mark.parametrize(
    ("comment", "codes", "reason"),
    [
        ("# strop: ignore[ASY001] a stub", ("ASY001",), "a stub"),
        ("# strop: ignore[ASY001]: a stub", ("ASY001",), "a stub"),
        ("#strop:ignore[ASY001, lazy-load] two", ("ASY001", "lazy-load"), "two"),
        ("# strop: ignore[ASY001] — a stub", ("ASY001",), "a stub"),
        ("# noqa: E501  # strop: ignore[DB001] known  # type: ignore", ("DB001",), "known"),
        ("# strop: ignore[DB001]", ("DB001",), ""),
        ("# strop: ignore", (), ""),
        ("# Strop: Ignore[db001] loud", ("db001",), "loud"),
    ],
)
def test_codes_and_reason(comment: str, codes: tuple[str, ...], reason: str) -> None:
    (found,) = read(f"x = 1  {comment}")
    assert (found.codes, found.reason, found.first, found.last) == (codes, reason, 1, 1)


@pytest.mark.parametrize(
    "line", ['x = "# strop: ignore[DB001] no"', "x = 1  # strop ignores", "# stropped: ignore"]
)
def test_what_is_none(line: str) -> None:
    assert read(line) == ()


def test_inside_a_long_string_there_are_no_comments() -> None:
    assert read('"""\n# strop: ignore[DB001] in a docstring\n"""\nx = 1') == ()


def test_on_a_line_of_its_own_it_speaks_for_the_next_code() -> None:
    (found,) = read("# strop: ignore[DB001] why\n# another comment\n\nx = 1\n")
    assert (found.line, found.first, found.last) == (1, 4, 4)


def test_above_decorators_it_speaks_for_the_function() -> None:
    text = "# strop: ignore[DB001] why\n@app.get(\n    '/x',\n)\nasync def x():\n    pass\n"
    (found,) = read(text)
    assert (found.first, found.last) == (2, 5)


@pytest.mark.parametrize(
    "text", ["def broken(:\n", "try:\n    x\nexcept A, B:\n    y\n", "x = '''\n", "\x00\n", "t'{x!r}'\n"]
)
def test_broken_and_newer_code_keeps_its_comments(text: str) -> None:
    first, *_ = read(f"x = 1  # strop: ignore[DB001] why\n{text}")
    assert first.codes == ("DB001",)


def test_carriage_returns_are_no_part_of_the_reason() -> None:
    (found,) = read("x = 1  # strop: ignore[DB001] why\r\ny = 2\r\n")
    assert found.reason == "why"


def test_other_languages_have_no_tokens() -> None:
    lines = ["services:", "  app:", "    user: root  # strop: ignore[DEP001] rootless host"]
    (found,) = read_ignores(lines, python=False)
    assert found.codes == ("DEP001",)


@given(st.text(alphabet="#strop: ignore[]AB1,'\"\n\\()\r\t", max_size=80))
def test_any_text_is_read(text: str) -> None:
    for ignore in read(text):
        assert 1 <= ignore.first <= ignore.last
