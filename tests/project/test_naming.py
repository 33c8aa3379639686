"""What an expression binds with `:=` is known wherever it stands in a statement."""

from __future__ import annotations

import ast

import pytest

from strop.project.collect import collect
from strop.project.scope import Module
from strop.project.watch import Watch


@pytest.mark.parametrize(
    "text",
    [
        "print(found := 1)\n",
        "@made(\n    found := 1,\n)\ndef handler(): ...\n",
        "if (\n    1\n    and (found := 2)\n):\n    pass\n",
        "one = 1\nprint(\n    one,\n\n    (found :=\n      2),\n)\n",
        "one = 1\r\rprint(found := 1)\r",
    ],
)
def test_the_name_is_bound(text: str) -> None:
    module = Module("main", "main.py", tuple(text.split("\n")), False, Watch())
    collect(module, ast.parse(text))
    assert "found" in module.space.names
