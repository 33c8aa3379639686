from __future__ import annotations

import ast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from strop.fixes.fit import refit


@pytest.mark.parametrize(
    ("line", "fitted"),
    [
        ("x = call(first, second)", "x = call(\n    first, second\n)"),
        ("x = call(first_one, second_one)", "x = call(\n    first_one,\n    second_one,\n)"),
        ("async def f(a: int) -> dict[int]:", "async def f(\n    a: int\n) -> dict[int]:"),
        ("x = [name for name in all_of_them]", "x = [\n    name\n    for name in all_of_them\n]"),
        ("x = 'a string (that is long)'", "x = (\n    'a string (that is long)'\n)"),
        ("xs = call()  # a comment (here)", "xs = call()  # a comment (here)"),
        ("x = call(first, second).all()", "x = call(\n    first, second\n).all()"),
        ("short = f(a)", "short = f(a)"),
    ],
)
def test_a_line_that_became_too_long(line: str, fitted: str) -> None:
    body = "\n    pass" if line.endswith(":") else ""
    assert refit("", line + body, 20) == fitted + body


def test_a_line_that_was_there_stays() -> None:
    assert refit("x = call(first, second)\n", "x = call(first, second)\n", 10) == "x = call(first, second)\n"


def test_a_chain_in_brackets_gets_a_line_for_each_call() -> None:
    text = "x = (\n    select(A).where(A.b).limit(1)\n)"
    assert refit("", text, 20) == "x = (\n    select(A)\n    .where(A.b)\n    .limit(1)\n)"


@given(st.text(alphabet="ab1()[]{},.:= '\"\n#", max_size=60), st.integers(1, 30))
def test_what_the_code_means_stays(text: str, limit: int) -> None:
    fitted = refit("", text, limit)
    if fitted != text:
        assert ast.dump(ast.parse(fitted)) == ast.dump(ast.parse(text))
