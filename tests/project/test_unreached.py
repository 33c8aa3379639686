"""Which branches does nobody come to, because the function left before under the same condition?"""

import ast

import pytest

from strop.project.unreached import unreached


def lines(code: str) -> list[int]:
    return [branch.lineno for branch in unreached(ast.parse(code).body[0].body)]  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "code",
    [
        "def f(a):\n  if not a:\n    return\n  b = 1\n  if not a:\n    g()",
        "def f(a, b):\n  if b or not a.ready.get(b):\n    raise E\n  c = a.known[b].name\n\n  if not a.ready[b] and c:\n    g()",
        "def f(a):\n  if a is None:\n    return\n  b = a\n  if b:\n    if a is None:\n      g()",
    ],
)
def test_left_before_under_the_same_condition(code: str) -> None:
    assert len(lines(code)) == 1


@pytest.mark.parametrize(
    "code",
    [
        "def f(a):\n  if not a:\n    return\n  a = 1\n  if not a:\n    g()",  # set between
        "def f(a):\n  if not a.ready:\n    return\n  a.stop()\n  if not a.ready:\n    g()",  # a call may change it
        "async def f(a):\n  if not a.ready:\n    return\n  await b\n  if not a.ready:\n    g()",  # others run
        "def f(a):\n  if not a.ready:\n    return\n  a.known[0] = 1\n  if not a.ready:\n    g()",
        "def f(a):\n  if not a:\n    b = 1\n  if not a:\n    g()",  # goes on
        "def f(a, b):\n  if not a and b:\n    return\n  if not a:\n    g()",  # only with b
        "def f(a, b):\n  if not a:\n    return\n  if not a or b:\n    g()",  # with b alone
        "def f(a):\n  if a():\n    return\n  if a():\n    g()",  # asked anew
    ],
)
def test_another_answer_is_possible(code: str) -> None:
    assert lines(code) == []
